import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { allot, createGatherRule } from '../../../src/builtin/llama-cpp/node-llama-cpp/batching.ts'
import { createCacheBarrier } from '../../../src/builtin/llama-cpp/node-llama-cpp/cache-barrier.ts'
import { readAhead } from '../../../src/builtin/llama-cpp/node-llama-cpp/read-ahead.ts'
import { createSequencePool } from '../../../src/builtin/llama-cpp/node-llama-cpp/sequence-pool.ts'

const item = (evaluationPriority: number, length = 1) => ({ evaluationPriority, tokens: { length } })
const shares = (items: readonly ReturnType<typeof item>[], size: number) =>
  allot(items, size).map(({ item: { evaluationPriority }, processAmount }) => [evaluationPriority, processAmount])

describe('sharing a pass', () => {
  it('goes in rising order of sequence', () => {
    assert.deepEqual(shares([item(2), item(0), item(1)], 512), [
      [0, 1],
      [1, 1],
      [2, 1],
    ])
  })

  it('gives single tokens whole and splits the rest between long prompts', () => {
    assert.deepEqual(shares([item(0, 4000), item(1), item(2, 4000), item(3)], 512), [
      [0, 255],
      [1, 1],
      [2, 255],
      [3, 1],
    ])
  })

  it('never gives more than the pass holds, nor more than was asked', () => {
    for (const size of [1, 2, 3, 7, 100]) {
      const given = shares([item(0, 5), item(1, 50), item(2, 1)], size)
      assert.ok(given.reduce((sum, [, amount]) => sum + (amount ?? 0), 0) <= size)
      assert.ok(given.every(([index, amount]) => (amount ?? 0) > 0 && (amount ?? 0) <= ([5, 50, 1][index ?? 0] ?? 0)))
    }
  })
})

describe('the gather rule', () => {
  const chosen = (rule: ReturnType<typeof createGatherRule>, present: readonly number[]) =>
    rule.choose({ items: present.map((index) => item(index)), size: 512 }).map((share) => share.item.evaluationPriority)

  it('waits for the sequences of the last pass, from four on', () => {
    const rule = createGatherRule({ gatherFrom: 4 })
    for (const index of [0, 1, 2, 3]) rule.expect(index)
    assert.deepEqual(chosen(rule, [0, 1, 2]), [])
    assert.deepEqual(chosen(rule, [0, 1, 2, 3]), [0, 1, 2, 3])
  })

  it('does not wait for two or three', () => {
    const rule = createGatherRule({ gatherFrom: 4 })
    for (const index of [0, 1, 2]) rule.expect(index)
    assert.deepEqual(chosen(rule, [1]), [1])
  })

  it('does not wait for a sequence that ended', () => {
    const rule = createGatherRule({ gatherFrom: 4 })
    for (const index of [0, 1, 2, 3, 4]) rule.expect(index)
    rule.forget(4)
    assert.deepEqual(chosen(rule, [0, 1, 2, 3]), [0, 1, 2, 3])
  })

  it('stops waiting for one whose reader is slow, until it is back', () => {
    const rule = createGatherRule({ gatherFrom: 4 })
    for (const index of [0, 1, 2, 3, 4]) rule.expect(index)
    let rounds = 0
    while (chosen(rule, [0, 1, 2, 3]).length === 0) {
      rounds += 1
      assert.ok(rounds < 1000, 'the rule waits for ever')
    }
    assert.ok(rounds > 0)
    assert.deepEqual(chosen(rule, [0, 1, 2, 3]), [0, 1, 2, 3], 'it does not wait a second time')
    rule.expect(4)
    assert.deepEqual(chosen(rule, [0, 1, 2, 3]), [], 'it waits again')
  })
})

describe('the cache barrier', () => {
  it('is shut until every change is done, also one that fails', async () => {
    const barrier = createCacheBarrier()
    assert.equal(barrier.pass(), undefined)
    const first = Promise.withResolvers<string>()
    const second = Promise.withResolvers<never>()
    const changes = [barrier.exclusive(() => first.promise), barrier.exclusive(() => second.promise)]
    const shut = barrier.pass()
    assert.ok(shut !== undefined)
    first.resolve('done')
    assert.equal(await changes[0], 'done')
    assert.notEqual(barrier.pass(), undefined)
    second.reject(new Error('broken'))
    await assert.rejects(async () => await changes[1], /broken/)
    await shut
    assert.equal(barrier.pass(), undefined)
  })
})

describe('the sequence pool', () => {
  const remembering = (...tokens: number[]) => ({
    compareContextTokens: (other: readonly number[]) => {
      const at = tokens.findIndex((token, index) => token !== other[index])
      return { firstDifferentIndex: at < 0 ? tokens.length : at }
    },
  })
  const pool = (...sequences: ReturnType<typeof remembering>[]) => createSequencePool(sequences, { maxWaiting: 2 })

  it('chooses the sequence that remembers most of the prompt', async () => {
    const sequences = pool(remembering(9, 9), remembering(1, 2, 3), remembering(1, 2))
    assert.equal((await sequences.acquire([1, 2, 3, 4])).index, 1)
    assert.equal((await sequences.acquire([1, 2, 3, 4])).index, 2)
  })

  it('leaves a cache alone of which it could use next to nothing', async () => {
    const long = Array.from({ length: 100 }, (_, index) => index)
    const sequences = pool(remembering(7), remembering(0, 500, 501))
    assert.equal((await sequences.acquire(long)).index, 0)
  })

  it('takes the one that is idle longest when none remembers', async () => {
    const sequences = pool(remembering(), remembering())
    const first = await sequences.acquire([1])
    sequences.release(first)
    assert.notEqual((await sequences.acquire([1])).index, first.index)
  })

  it('serves those who wait in order, and lets an aborted one leave the queue', async () => {
    const sequences = pool(remembering())
    const first = await sequences.acquire([1])
    const leaving = new AbortController()
    const second = sequences.acquire([2], { signal: leaving.signal })
    const third = sequences.acquire([3])
    assert.equal(sequences.waiting, 2)
    await assert.rejects(sequences.acquire([4]), { code: 'node.overloaded' })
    leaving.abort(new Error('gone'))
    await assert.rejects(second, /gone/)
    sequences.release(first)
    assert.equal((await third).index, 0)
    assert.equal(sequences.busy, 1)
    sequences.release(await third)
    assert.deepEqual([sequences.busy, sequences.waiting], [0, 0])
  })

  it('gives nothing to a signal that is aborted already', async () => {
    const sequences = pool(remembering())
    await assert.rejects(sequences.acquire([1], { signal: AbortSignal.abort(new Error('late')) }), /late/)
    assert.equal(sequences.busy, 0)
  })
})

describe('reading ahead', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  it('gives every value in order and then the return value', async () => {
    async function* source() {
      for (let value = 0; value < 20; value++) yield value
      return 'end'
    }
    const ahead = readAhead(source(), { limit: 3, abandon: () => {} })
    const seen: number[] = []
    for (;;) {
      const next = await ahead.next()
      if (next.done === true) {
        assert.equal(next.value, 'end')
        break
      }
      seen.push(next.value)
    }
    assert.deepEqual(seen, [...Array(20).keys()])
  })

  it('stops a few values ahead of a reader that does not read', async () => {
    let made = 0
    async function* source() {
      for (;;) yield made++
    }
    const ahead = readAhead(source(), { limit: 3, abandon: () => {} })
    await ahead.next()
    for (let round = 0; round < 20; round++) await turn()
    assert.equal(made, 4)
    await ahead.return(undefined as never)
  })

  it('passes a failure on after the values before it', async () => {
    async function* source() {
      yield 1
      throw new Error('broken')
    }
    const ahead = readAhead(source(), { limit: 3, abandon: () => {} })
    assert.deepEqual(await ahead.next(), { value: 1, done: false })
    await assert.rejects(ahead.next(), /broken/)
  })

  it('closes the source when the reader leaves, even while it is working', async () => {
    const abandoned = Promise.withResolvers<void>()
    let closed = false
    async function* source() {
      try {
        yield 1
        await abandoned.promise
        yield 2
      } finally {
        closed = true
      }
    }
    for await (const value of readAhead(source(), { limit: 3, abandon: () => abandoned.resolve() })) {
      assert.equal(value, 1)
      break
    }
    assert.ok(closed)
  })
})
