import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Reply__Output } from '../../../src/grpc/generated/backend/Reply.ts'
import type { GenerationTrailers } from '../../../src/grpc/trailers.ts'
import type { InferenceEvent } from '../../../src/inference/events.ts'
import { readReplies } from '../../../src/inference/read-replies.ts'
import { collect, reply } from '../../integration/scripted-backend.ts'

async function* backend(
  replies: readonly Partial<Reply__Output>[],
  trailers: GenerationTrailers = {},
): AsyncGenerator<Reply__Output, GenerationTrailers> {
  for (const parts of replies) yield reply(parts)
  return trailers
}

async function read(
  replies: readonly Partial<Reply__Output>[],
  trailers: GenerationTrailers = {},
  maxTokens = 0,
): Promise<InferenceEvent[]> {
  let clock = 0
  let calls = 0
  const init = { maxTokens, now: () => (clock += 10), newToolCallId: () => `call_${++calls}` }
  return await collect(readReplies(backend(replies, trailers), init))
}

function bytes(...values: readonly number[]): Partial<Reply__Output> {
  return { message: Buffer.from(values) }
}

function finishOf(events: readonly InferenceEvent[]) {
  const last = events.at(-1)
  assert.equal(last?.type, 'finish')
  return last
}

function textOf(events: readonly InferenceEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : []))
}

const call = (index: number, parts: { id?: string; name?: string; arguments?: string }) => ({
  content: '',
  reasoning_content: '',
  tool_calls: [{ index, id: '', name: '', arguments: '', ...parts }],
})

describe('text', () => {
  it('is passed on piece by piece', async () => {
    const events = await read([{ message: Buffer.from('Hel') }, { message: Buffer.from('lo') }])
    assert.deepEqual(textOf(events), ['Hel', 'lo'])
  })

  it('never splits a character, wherever the backend split its bytes', async () => {
    const text = 'aä€😀z'
    const split = [...Buffer.from(text)].map((byte) => bytes(byte))
    assert.deepEqual(textOf(await read(split)), ['a', 'ä', '€', '😀', 'z'])
  })

  it('shows a character that was cut off at the end as the replacement character', async () => {
    assert.deepEqual(textOf(await read([bytes(0x61, 0xe2, 0x82)])), ['a', '\ufffd'])
  })

  it('keeps a byte order mark and sends no empty pieces', async () => {
    assert.deepEqual(textOf(await read([bytes(0xef, 0xbb), bytes(), bytes(0xbf, 0x61)])), ['\ufeffa'])
  })
})

describe('parsed answers', () => {
  it('count instead of the raw message, also in replies that carry the raw message only', async () => {
    const events = await read([
      { message: Buffer.from('raw'), chat_deltas: [{ content: 'Hi', reasoning_content: '', tool_calls: [] }] },
      { message: Buffer.from('<tool') },
    ])
    assert.deepEqual(textOf(events), ['Hi'])
  })

  it('give reasoning, then text, then calls', async () => {
    const events = await read([{ chat_deltas: [{ content: 'b', reasoning_content: 'a', tool_calls: [] }] }])
    assert.deepEqual(events.slice(0, 2), [
      { type: 'reasoning-delta', text: 'a' },
      { type: 'text-delta', text: 'b' },
    ])
  })

  it('start each call once, and join its arguments by index', async () => {
    const events = await read([
      { chat_deltas: [call(0, { id: 'x', name: 'get', arguments: '' })] },
      { chat_deltas: [call(0, { arguments: '{"a"' }), call(1, { name: 'set', arguments: '{}' })] },
      { chat_deltas: [call(0, { arguments: ':1}' })] },
    ])
    assert.deepEqual(events.slice(0, -1), [
      { type: 'tool-call-start', index: 0, id: 'x', name: 'get' },
      { type: 'tool-call-delta', index: 0, arguments: '{"a"' },
      { type: 'tool-call-start', index: 1, id: 'call_1', name: 'set' },
      { type: 'tool-call-delta', index: 1, arguments: '{}' },
      { type: 'tool-call-delta', index: 0, arguments: ':1}' },
    ])
    assert.equal(finishOf(events).reason, 'tool-calls')
  })
})

describe('finish', () => {
  const cases = [
    { reason: 'stop', given: {}, tokens: 3, max: 0 },
    { reason: 'stop', given: {}, tokens: 3, max: 4 },
    { reason: 'length', given: {}, tokens: 4, max: 4 },
    { reason: 'stop', given: { finishReason: 'stop' }, tokens: 4, max: 4 },
    { reason: 'length', given: { finishReason: 'length' }, tokens: 1, max: 0 },
  ] as const
  for (const { reason, given, tokens, max } of cases) {
    it(`is ${reason} for ${tokens} of ${max} tokens and ${JSON.stringify(given)}`, async () => {
      assert.equal(finishOf(await read([{ tokens }], given, max)).reason, reason)
    })
  }

  it('is the only one, and the last, of an answer without any reply', async () => {
    assert.deepEqual(
      (await read([])).map(({ type }) => type),
      ['finish'],
    )
  })

  it('carries the highest counters seen, and no more cached tokens than there were', async () => {
    const replies = [
      { tokens: 1, prompt_tokens: 9 },
      { tokens: 2, timing_prompt_processing: 4 },
      { tokens: 0, timing_token_generation: 6 },
    ]
    const { usage, timings } = finishOf(await read(replies, { cachedTokens: 50 }))
    assert.deepEqual(usage, { promptTokens: 9, completionTokens: 2, cachedTokens: 9 })
    assert.deepEqual(timings, { promptMs: 4, generationMs: 6 })
  })

  it('measures what the backend does not report', async () => {
    const { timings } = finishOf(await read([{ message: Buffer.from('a') }]))
    assert.deepEqual(timings, { promptMs: 10, generationMs: 10 })
  })

  it('names the stop string', async () => {
    assert.equal(finishOf(await read([], { finishReason: 'stop', stopSequence: '\n' })).stopSequence, '\n')
  })
})

describe('log probabilities', () => {
  const entry = { token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -1 }] }
  const read1 = { token: 'a', logprob: -0.5, bytes: [97], top: [{ token: 'b', logprob: -1, bytes: [98] }] }

  it('go with the text they belong to, also when that text comes later', async () => {
    const logprobs = Buffer.from(JSON.stringify({ content: [entry] }))
    const events = await read([{ logprobs }, { logprobs, message: Buffer.from('aa') }])
    assert.deepEqual(events[0], { type: 'text-delta', text: 'aa', logprobs: [read1, read1] })
  })

  it('are not lost when no text follows', async () => {
    const events = await read([{ logprobs: Buffer.from(JSON.stringify([entry])) }])
    assert.deepEqual(events[0], { type: 'text-delta', text: '', logprobs: [read1] })
  })

  for (const junk of ['{', '"x"', '{"content":5}', '{"content":[null,{"token":1},{"token":"a"}]}']) {
    it(`survive junk: ${junk}`, async () => {
      const events = await read([{ message: Buffer.from('a'), logprobs: Buffer.from(junk) }])
      assert.deepEqual(events[0], { type: 'text-delta', text: 'a' })
    })
  }
})

describe('leaving', () => {
  it('ends the call', async () => {
    let ended = false
    async function* endless(): AsyncGenerator<Reply__Output, GenerationTrailers> {
      try {
        for (;;) yield reply({ message: Buffer.from('x') })
      } finally {
        ended = true
      }
    }
    for await (const _ of readReplies(endless(), { maxTokens: 0, now: () => 0, newToolCallId: () => '' })) break
    assert.equal(ended, true)
  })

  it('passes on what the backend throws, after what it sent', async () => {
    async function* failing(): AsyncGenerator<Reply__Output, GenerationTrailers> {
      yield reply({ message: Buffer.from('x') })
      throw new Error('gone')
    }
    const events = readReplies(failing(), { maxTokens: 0, now: () => 0, newToolCallId: () => '' })
    assert.deepEqual((await events.next()).value, { type: 'text-delta', text: 'x' })
    await assert.rejects(events.next(), /gone/)
  })
})
