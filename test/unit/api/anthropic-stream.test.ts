import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type MessageRendering, toMessageAnswer } from '../../../src/api/anthropic/from-inference.ts'
import { createMessageStream } from '../../../src/api/anthropic/message-stream.ts'
import { AppError } from '../../../src/base/errors.ts'
import { createAnswerCollector } from '../../../src/inference/collect-answer.ts'
import type { InferenceEvent } from '../../../src/inference/events.ts'
import { parseStream, readStream } from '../../support/anthropic-stream.ts'
import { seededRandom } from '../../support/random.ts'

const rendering: MessageRendering = {
  head: { id: 'msg_1', model: 'tiny' },
  stopSequences: ['END'],
  showsThinking: true,
  requestId: 'id-1',
}

function finish(more: Partial<Extract<InferenceEvent, { type: 'finish' }>> = {}): InferenceEvent {
  const usage = { promptTokens: 7, completionTokens: 2, cachedTokens: 3 }
  return { type: 'finish', reason: 'stop', usage, timings: { promptMs: 1, generationMs: 1 }, ...more }
}

const say = (text: string): InferenceEvent => ({ type: 'text-delta', text })
const think = (text: string): InferenceEvent => ({ type: 'reasoning-delta', text })
const start = (index: number): InferenceEvent => ({ type: 'tool-call-start', index, id: `call_${index}`, name: 'look' })
const pass = (index: number, json: string): InferenceEvent => ({ type: 'tool-call-delta', index, arguments: json })

function stream(events: readonly InferenceEvent[], init = rendering): string {
  const format = createMessageStream(init)
  return format.opening + events.map((event) => format.render(event)).join('') + format.closing(false)
}

function whole(events: readonly InferenceEvent[], init = rendering) {
  const collector = createAnswerCollector()
  for (const event of events) collector.add(event)
  return toMessageAnswer(init, collector.answer())
}

describe('a message stream', () => {
  it('[API-MESSAGES-STREAM] has the events of a text in the documented order and shape', () => {
    const usage = { cache_creation_input_tokens: 0, cache_read_input_tokens: 3, input_tokens: 4, output_tokens: 2 }
    const none = { cache_creation_input_tokens: 0, cache_read_input_tokens: 0, input_tokens: 0, output_tokens: 0 }
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'tiny', content: [] }
    assert.deepEqual(parseStream(stream([say('Hel'), say(''), say('lo'), finish()])), [
      { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null, usage: none } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage },
      { type: 'message_stop' },
    ])
  })

  it('[API-MESSAGES-STREAM-TOOLS] has a signed thought first and a block for each call', () => {
    const calls = [start(0), pass(0, '{"city":'), pass(0, '"Oslo"}'), start(1), pass(1, '{}')]
    const events = [think('hm'), say('I look'), ...calls, finish({ reason: 'tool-calls' })]
    const shapes = parseStream(stream(events)).flatMap((event) => {
      if (event.type === 'content_block_start') return [`${event.index} ${event.content_block.type}`]
      if (event.type === 'content_block_delta') return [`${event.index} ${event.delta.type}`]
      return event.type === 'content_block_stop' ? [`${event.index} stop`] : []
    })
    assert.deepEqual(shapes, [
      '0 thinking',
      '0 thinking_delta',
      '0 signature_delta',
      '0 stop',
      '1 text',
      '1 text_delta',
      '1 stop',
      '2 tool_use',
      '2 input_json_delta',
      '2 input_json_delta',
      '2 stop',
      '3 tool_use',
      '3 input_json_delta',
      '3 stop',
    ])
    assert.equal(readStream(stream(events)).message.stop_reason, 'tool_use')
  })

  it('sends each piece when it comes, and the second of two calls when the first is whole', () => {
    const format = createMessageStream(rendering)
    assert.match(format.render(say('now')), /"text":"now"/)
    assert.match(format.render(start(0)), /content_block_stop.*"name":"look"/s)
    assert.match(format.render(pass(0, '{"a":{}')), /partial_json/)
    assert.equal(format.render(start(1)), '')
    assert.equal(format.render(pass(1, '{}')), '')
    assert.match(format.render(pass(0, '}')), /"index":1.*content_block_stop.*"index":2.*partial_json/s)
  })

  it('holds one empty text when there is no answer, since clients read the first block unseen', () => {
    assert.deepEqual(readStream(stream([finish()])).message.content, [{ type: 'text', text: '' }])
    assert.deepEqual(whole([finish()]).content, [{ type: 'text', text: '' }])
  })

  it('keeps thoughts to itself where they shall be omitted, and signs them all the same', () => {
    const events = [think('secret'), say('x'), finish()]
    const shown = whole(events).content[0]
    const omitted = { ...rendering, showsThinking: false }
    for (const message of [readStream(stream(events, omitted)).message, whole(events, omitted)]) {
      const [thought] = message.content
      assert.ok(thought?.type === 'thinking' && shown?.type === 'thinking')
      assert.equal(thought.thinking, '')
      assert.equal(thought.signature, shown.signature)
      assert.notEqual(thought.signature, '')
    }
  })

  it('tells why it stopped', () => {
    const cases = [
      [{ reason: 'length' }, 'max_tokens', null],
      [{ reason: 'tool-calls' }, 'tool_use', null],
      [{ stopSequence: 'END' }, 'stop_sequence', 'END'],
      [{ stopSequence: 'of the model' }, 'end_turn', null],
      [{}, 'end_turn', null],
    ] as const
    for (const [end, reason, sequence] of cases) {
      const events = [say('x'), finish(end)]
      for (const message of [readStream(stream(events)).message, whole(events)]) {
        assert.equal(message.stop_reason, reason)
        assert.equal(message.stop_sequence, sequence)
      }
    }
  })

  it('ends with an error event when it fails midway', () => {
    const format = createMessageStream(rendering)
    const begun = format.opening + format.render(say('Hel'))
    const text = begun + format.fail(new AppError('backend.died', 'exit 1')) + format.closing(true)
    assert.equal(readStream(text).failed, true)
    assert.deepEqual(parseStream(text).at(-1), {
      type: 'error',
      error: {
        type: 'api_error',
        message:
          "prediction failed: the model's backend process ended unexpectedly; the next request starts it again " +
          '(after a wait when it keeps ending) (request id-1)',
      },
    })
  })

  it('keeps a call that was cut off, without a value', () => {
    const events = [start(0), pass(0, '{"city":"Os'), finish({ reason: 'length' })]
    assert.deepEqual(whole(events).content, [{ type: 'tool_use', id: 'toolu_0', name: 'look', input: {} }])
    assert.equal(readStream(stream(events)).message.content.length, 1)
  })
})

describe('any sequence of events', () => {
  it('is a well-formed stream that loses nothing and says what the whole message says', () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const events = randomEvents(seededRandom(seed))
      const { message: streamed, failed } = readStream(stream(events))
      assert.equal(failed, false)
      const answer = whole(events)
      assert.deepEqual(summary(streamed.content), summary(answer.content), `seed ${seed}`)
      assert.deepEqual({ ...streamed, content: [] }, { ...answer, content: [] })
    }
  })

  it('may break off anywhere', () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const random = seededRandom(seed)
      const events = randomEvents(random)
      const format = createMessageStream(rendering)
      const begun = events.slice(0, Math.floor(random() * events.length)).map((event) => format.render(event))
      const rest = format.keepAlive + format.fail(new AppError('backend.failed', 'broken')) + format.closing(true)
      assert.equal(readStream(format.opening + begun.join('') + rest).failed, true)
    }
  })
})

type Content = ReturnType<typeof whole>['content']

/** What the blocks hold, however it was cut; calls by their ids, their arguments as values. */
function summary(content: Content) {
  const calls = content.flatMap((block) => {
    if (block.type !== 'tool_use') return []
    const { id, input } = block
    return [[id, typeof input === 'string' ? JSON.parse(input) : input] as const]
  })
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    thinking: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: Object.fromEntries(calls),
  }
}

/** Texts, thoughts and up to three calls whose arguments come in pieces, in any order that keeps each call's own. */
function randomEvents(random: () => number): InferenceEvent[] {
  const below = (limit: number): number => Math.floor(random() * limit)
  const values = Array.from({ length: below(4) }, (_, index) => ({ city: `"}${index}{`, deep: { list: [index, {}] } }))
  const tracks = values.map((value, index) => [
    start(index),
    ...pieces(JSON.stringify(value), below).map((json) => pass(index, json)),
  ])
  tracks.push(Array.from({ length: below(6) }, (_, index) => (below(2) === 0 ? say(`s${index}`) : think(`t${index}`))))
  const events: InferenceEvent[] = []
  for (
    let left = tracks.filter((track) => track.length > 0);
    left.length > 0;
    left = left.filter((track) => track.length > 0)
  ) {
    const next = left[below(left.length)]?.shift()
    if (next !== undefined) events.push(next)
  }
  return [...events, finish(values.length > 0 ? { reason: 'tool-calls' } : {})]
}

function pieces(text: string, below: (limit: number) => number): string[] {
  const parts: string[] = []
  for (let at = 0; at < text.length; ) {
    const length = 1 + below(8)
    parts.push(text.slice(at, at + length))
    at += length
  }
  return parts
}
