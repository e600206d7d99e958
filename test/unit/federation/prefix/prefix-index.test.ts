import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EDGES, toldOf } from '../../../../src/federation/prefix/chain.ts'
import { createKeptPrefixes } from '../../../../src/federation/prefix/kept-prefixes.ts'
import { createPrefixIndex, PREFIX_INDEX_DEFAULTS } from '../../../../src/federation/prefix/prefix-index.ts'
import { createServedPrompts } from '../../../../src/federation/prefix/served-prompts.ts'

/** A prompt of so many blocks that begins as `stem` does. */
const chain = (length: number, name: number, stem: readonly number[] = []) => [
  ...stem,
  ...Array.from({ length: length - stem.length }, (_, at) => name * 1000 + at),
]

function createStage(init = {}) {
  const clock = { at: 0 }
  const index = createPrefixIndex({ now: () => clock.at }, { ...PREFIX_INDEX_DEFAULTS, ...init })
  const held = (prompt: readonly number[]) => Object.fromEntries(index.holdersOf(prompt))
  return { clock, index, held }
}

describe('who keeps which beginning', () => {
  test('each node as far as what it was given goes', () => {
    const { index, held } = createStage()
    const long = chain(10, 1)
    index.learn('a', long.slice(0, 4))
    index.learn('b', long)
    index.learn('c', chain(10, 2))
    assert.deepEqual(held(chain(20, 3, long)), { b: EDGES[9], a: EDGES[3] })
    assert.deepEqual(held(chain(4, 4)), {})
  })

  test('what a node tells counts like what it was given', () => {
    const { index, held } = createStage()
    const long = chain(40, 1)
    index.hear('a', toldOf(long))
    assert.deepEqual(held(long), { a: EDGES[39] })
    assert.ok((held(chain(40, 2, long.slice(0, 20)))['a'] ?? 0) >= (EDGES[19] ?? 0) / 1.5)
  })

  test('is forgotten after a while, and after so many other prompts', () => {
    const { clock, index, held } = createStage({ forgetAfterMs: 1000, promptsKept: 3 })
    index.learn('a', chain(4, 1))
    clock.at = 999
    index.learn('a', chain(4, 2))
    index.learn('a', chain(4, 3))
    assert.deepEqual(held(chain(4, 1)), { a: EDGES[3] })
    clock.at = 1000
    assert.deepEqual(held(chain(4, 1)), {})
    assert.deepEqual(held(chain(4, 2)), { a: EDGES[3] })
    index.learn('a', chain(4, 4))
    index.learn('a', chain(4, 5))
    assert.deepEqual(held(chain(4, 2)), {})
    index.learn('a', chain(4, 3))
    index.learn('a', chain(4, 6))
    assert.deepEqual(held(chain(4, 3)), { a: EDGES[3] }, 'used again, kept on')
  })

  test('no more hashes and nodes are remembered than there is room for, the oldest go', () => {
    const { index, held } = createStage({ maxHashes: 8, maxHolders: 2 })
    for (const node of ['a', 'b', 'c']) index.learn(node, chain(4, 1))
    assert.deepEqual(held(chain(4, 1)), { b: EDGES[3], c: EDGES[3] })
    index.learn('d', chain(8, 2))
    assert.deepEqual(held(chain(4, 1)), {})
    assert.deepEqual(held(chain(8, 2)), { d: EDGES[7] })
  })
})

describe('what a node tells of its prompts', () => {
  test('is the same array until it is time to tell something else', () => {
    const clock = { at: 0 }
    const kept = createKeptPrefixes({ now: () => clock.at }, { maxHashes: 4, tellEveryMs: 2000 })
    assert.deepEqual(kept.told(), [])
    kept.served([1, 2])
    const first = kept.told()
    assert.deepEqual(first, toldOf([1, 2]))
    kept.served([1, 2, 3])
    clock.at = 1999
    assert.equal(kept.told(), first)
    clock.at = 2000
    assert.notEqual(kept.told(), first)
    const second = kept.told()
    clock.at = 9000
    kept.served([1, 2, 3])
    assert.equal(kept.told(), second, 'nothing new')
    for (const name of [11, 12, 13, 14, 15]) kept.served([name])
    assert.deepEqual(kept.told(), [12, 13, 14, 15])
  })

  test('is what an entry makes of the same request', () => {
    const served = createServedPrompts({ now: () => 0 }, { maxHashes: 256, tellEveryMs: 0 })
    const body = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'word '.repeat(400) }] }))
    const request = { target: '/v1/chat/completions', contentType: 'application/json', body }
    served.note({ ...request, capability: 'embeddings' })
    assert.deepEqual(served.told(), {})
    served.note({ ...request, capability: 'chat' })
    assert.ok((served.told().prefixes?.length ?? 0) > 2)
  })
})
