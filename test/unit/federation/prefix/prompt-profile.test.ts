import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EDGES, toldOf } from '../../../../src/federation/prefix/chain.ts'
import { createProfiler } from '../../../../src/federation/prefix/prompt-profile.ts'
import { seededRandom } from '../../../support/random.ts'

const profile = createProfiler()
const profileOf = (body: unknown, model = 'm') => profile(Buffer.from(JSON.stringify(body)), model)
const user = (content: unknown) => ({ role: 'user', content })
const LONG = 'All happy families are alike; each unhappy family is unhappy in its own way. '.repeat(40)

/** How many hashes two requests have in common, from the beginning. */
function common(left: unknown, right: unknown): number {
  const [one, other] = [profileOf(left).chain, profileOf(right).chain]
  const differs = one.findIndex((hash, at) => hash !== other[at])
  return differs === -1 ? one.length : differs
}

describe('the hashes of a prompt', () => {
  test('are the same as far as the prompts are, and different from there', () => {
    const first = { messages: [user(LONG)] }
    const second = { messages: [user(LONG), { role: 'assistant', content: 'Yes.' }, user(LONG)] }
    const { chain } = profileOf(first)
    assert.ok(chain.length > 8)
    assert.equal(common(first, second), chain.length)
    assert.equal(common(first, { messages: [user(`x${LONG}`)] }), 0)
    const half = LONG.slice(0, LONG.length / 2)
    const shared = common(first, { messages: [user(`${half} another end ${half}`)] })
    assert.ok(shared > 0 && (EDGES[shared - 1] ?? 0) <= half.length + 16 && (EDGES[shared] ?? 0) > half.length - 256)
  })

  test('do not depend on spaces, on the order of the keys, or on what is no part of the prompt', () => {
    const body = { model: 'm', messages: [user(LONG)], tools: [{ name: 'f', description: LONG }], temperature: 1 }
    const other = { tools: body.tools, stream: true, seed: 4, messages: body.messages, model: 'm' }
    const spaced = profile(Buffer.from(JSON.stringify(other, undefined, 3)), 'm')
    assert.deepEqual(spaced.chain, profileOf(body).chain)
  })

  test('are those of another prompt for another model', () => {
    assert.notEqual(profileOf({ prompt: LONG }, 'm').chain[0], profileOf({ prompt: LONG }, 'n').chain[0])
  })

  // Claude Code moves the mark to the last message with every turn.
  test('do not change when the mark of what to cache moves on', () => {
    const mark = { type: 'ephemeral', ttl: '5m' }
    const text = (marked: boolean) => [{ type: 'text', text: LONG, ...(marked ? { cache_control: mark } : {}) }]
    const first = { system: text(true), messages: [user(LONG)] }
    const second = { system: text(false), messages: [user(LONG), user(text(true))] }
    assert.equal(common(first, second), profileOf(first).chain.length)
  })

  test('are found in every dialect', () => {
    const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: LONG }] }]
    for (const body of [{ prompt: LONG }, { messages: [user(LONG)] }, { input: LONG }, { instructions: LONG, input }]) {
      assert.ok(profileOf(body).chain.length > 8)
    }
  })

  test('are few, however long the prompt is, and it is not looked at beyond its first 512 KiB', () => {
    const { chain, promptBytes } = profileOf({ prompt: LONG.repeat(1000) })
    assert.equal(chain.length, EDGES.length)
    assert.ok(chain.length < 110)
    assert.equal(promptBytes, LONG.length * 1000 + 1)
  })

  test('of which a node tells the last and a few before', () => {
    const { chain } = profileOf({ prompt: LONG.repeat(100) })
    const told = toldOf(chain)
    assert.ok(told.length < 20)
    assert.equal(told.at(-1), chain.at(-1))
    for (const hash of told) assert.ok(chain.includes(hash))
  })
})

describe('what else a body tells', () => {
  test('the limit of tokens, whether it streams, what it belongs to', () => {
    const body = { max_tokens: 7, max_completion_tokens: 5, stream: true, user: 'ann', prompt_cache_key: 'talk' }
    assert.partialDeepStrictEqual(profileOf(body), { maxTokens: 5, streams: true, session: 'talk' })
    assert.partialDeepStrictEqual(profileOf({ max_tokens: 7, user: 'ann' }), { maxTokens: 7, session: 'ann' })
    const none = { maxTokens: undefined, streams: false, session: undefined }
    for (const odd of [
      { max_tokens: -1, user: '' },
      { max_tokens: 'all', user: 4 },
      { stream: 'true' },
      [],
      4,
      'text',
    ]) {
      assert.partialDeepStrictEqual(profileOf(odd), none)
    }
  })

  test('a picture is worth a thousand words, not its bytes', () => {
    const url = `data:image/png;base64,${'A'.repeat(100_000)}`
    const { readableBytes, promptBytes } = profileOf({ messages: [user([{ type: 'image_url', image_url: { url } }])] })
    assert.ok(readableBytes < 5000 && promptBytes > 100_000)
  })

  test('nothing is thrown, whatever the bytes are', () => {
    const random = seededRandom(8)
    const body = JSON.stringify({ tools: [{ a: '\\"' }], messages: [user(LONG.slice(0, 300))], user: 'x\u0000\\u' })
    for (let round = 0; round < 2000; round += 1) {
      const bytes = Buffer.from(body)
      for (let harm = 0; harm < 3; harm += 1) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      const { chain, promptBytes } = profile(bytes.subarray(0, Math.floor(random() * 2 * bytes.length)), 'm')
      assert.ok(chain.length <= 3 && promptBytes <= bytes.length)
    }
  })
})
