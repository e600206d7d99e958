import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compareText, type Damage, judge, type Outcome } from '../../../bench/support/chaos-check.ts'
import { kindsOf } from '../../../bench/support/chaos-kinds.ts'
import { anthropic, chat, completion, responses } from './chaos-streams.ts'

const NAMES = {
  chat: 'chat stream',
  completion: 'completion stream',
  anthropic: 'messages stream',
  responses: 'responses stream',
}
const KINDS = new Map(kindsOf('m', 100).map((kind) => [kind.name, kind]))

type Dialect = keyof typeof NAMES

function damagesOf(dialect: Dialect, text: string, outcome: Partial<Outcome> = {}): readonly Damage[] {
  const kind = KINDS.get(NAMES[dialect])
  assert.ok(kind !== undefined)
  const right = { chat, completion, anthropic, responses }[dialect].join('')
  const reading = kind.read(right)
  assert.ok(reading.isWhole)
  const verdicts = judge(
    { status: 200, text, isEnded: true, problem: undefined, totalMs: 10, ...outcome },
    { answer: reading.answer, lateMs: 1000, read: kind.read },
  )
  return [...new Set(verdicts.map(({ damage }) => damage))].sort()
}

const without = (events: readonly string[], at: number): string => events.toSpliced(at, 1).join('')
const twice = (events: readonly string[], at: number): string => events.toSpliced(at, 0, events[at] ?? '').join('')
const replaced = (events: readonly string[], from: string, to: string): string => {
  const all = events.join('')
  assert.ok(all.includes(from), from)
  return all.replace(from, to)
}

describe('the checker of the chaos program', () => {
  it('finds nothing in the right answers', () => {
    assert.deepEqual(damagesOf('chat', chat.join('')), [])
    assert.deepEqual(damagesOf('completion', completion.join('')), [])
    assert.deepEqual(damagesOf('anthropic', anthropic.join('')), [])
    assert.deepEqual(damagesOf('responses', responses.join('')), [])
    // Between two events, a comment that keeps the connection open.
    assert.deepEqual(damagesOf('chat', chat.join(': still there\n\n')), [])
  })

  it('does not take other ids, times and caches for damage', () => {
    assert.deepEqual(damagesOf('chat', chat.join('').replaceAll('chatcmpl-1', 'chatcmpl-2')), [])
    const cached = replaced(
      anthropic,
      '"input_tokens":20,"cache_read_input_tokens":6',
      '"input_tokens":26,"cache_read_input_tokens":0',
    )
    assert.deepEqual(damagesOf('anthropic', cached), [])
  })

  it('tells text that is missing, comes twice or is another', () => {
    assert.deepEqual(damagesOf('chat', without(chat, 2)), ['missing'])
    assert.deepEqual(damagesOf('chat', twice(chat, 2)), ['duplicated'])
    assert.deepEqual(damagesOf('chat', replaced(chat, '"content":" two"', '"content":" zwei"')), ['wrong'])
    assert.deepEqual(damagesOf('completion', without(completion, 1)), ['missing'])
    assert.deepEqual(damagesOf('anthropic', twice(anthropic, 3)), ['duplicated'])
    assert.deepEqual(damagesOf('anthropic', replaced(anthropic, '\\"Oslo\\"', '\\"Rome\\"')), ['wrong'])
  })

  it('names the place and the characters', () => {
    assert.deepEqual(compareText('one two three', 'one three'), { damage: 'missing', detail: 'at 5 of 13: "wo t"' })
    assert.deepEqual(compareText('one two', 'one one two'), { damage: 'duplicated', detail: 'at 4 of 7: "one "' })
    assert.equal(compareText('aaa', 'aaaa')?.damage, 'duplicated')
    assert.equal(compareText('abc', 'abxc')?.damage, 'wrong')
    assert.equal(compareText('abc', 'abc'), undefined)
  })

  it('tells answers that were accepted and never came to their end', () => {
    assert.deepEqual(damagesOf('chat', chat.slice(0, 3).join('')), ['lost'])
    assert.deepEqual(damagesOf('chat', chat.slice(0, 3).join('').slice(0, -5), { isEnded: false }), ['lost'])
    assert.deepEqual(damagesOf('chat', '', { status: 502, problem: 'bad gateway' }), ['lost'])
    assert.deepEqual(damagesOf('chat', '', { status: 0, isEnded: false }), ['lost'])
    const told = (events: readonly string[], error: string, end: string) => [...events.slice(0, 3), error, end].join('')
    assert.deepEqual(damagesOf('chat', told(chat, 'data: {"error":{"message":"gone"}}\n\n', 'data: [DONE]\n\n')), [
      'lost',
    ])
    const error = 'event: error\ndata: {"type":"error","error":{"message":"gone"}}\n\n'
    assert.deepEqual(damagesOf('anthropic', told(anthropic, error, '')), ['lost'])
    assert.deepEqual(damagesOf('responses', told(responses, error, 'data: [DONE]\n\n')), ['lost'])
  })

  it('tells of a lost answer that what there is of it is wrong, too', () => {
    assert.deepEqual(damagesOf('chat', twice(chat.slice(0, 3), 2)), ['lost', 'wrong'])
    assert.deepEqual(damagesOf('responses', without(responses.slice(0, 5), 3)), ['lost', 'malformed'])
  })

  it('counts what was not accepted apart', () => {
    assert.deepEqual(damagesOf('chat', '{}', { status: 503 }), ['refused'])
    assert.deepEqual(damagesOf('chat', '{}', { status: 429 }), ['refused'])
  })

  it('tells the wrong end, the wrong counts, and the end that comes late', () => {
    assert.deepEqual(damagesOf('chat', replaced(chat, '"finish_reason":"stop"', '"finish_reason":"length"')), [
      'finish',
    ])
    assert.deepEqual(damagesOf('chat', replaced(chat, '"completion_tokens":3', '"completion_tokens":5')), ['usage'])
    assert.deepEqual(damagesOf('anthropic', replaced(anthropic, '"output_tokens":9', '"output_tokens":8')), ['usage'])
    assert.deepEqual(damagesOf('responses', replaced(responses, '"input_tokens":7', '"input_tokens":9')), ['usage'])
    assert.deepEqual(damagesOf('chat', chat.join(''), { totalMs: 1001 }), ['late'])
  })

  it('tells streams that are none by the rules of their dialect', () => {
    const last = chat.length - 1
    const malformed: readonly (readonly [Dialect, string])[] = [
      ['chat', replaced(chat, 'chatcmpl-1', 'chatcmpl-0')],
      ['chat', replaced(chat, '"created":1', '"created":2')],
      ['chat', twice(chat, last)],
      ['chat', twice(chat, last - 1)],
      ['chat', twice(chat, last - 2)],
      ['chat', twice(chat, 0)],
      ['chat', without(chat, 0)],
      ['chat', without(chat, last - 1)],
      ['chat', chat.toSpliced(3, 0, 'event x\n\n').join('')],
      ['chat', chat.toSpliced(3, 0, 'data: {"id"\n\n').join('')],
      ['chat', chat.toSpliced(3, 0, 'event: error\ndata: {}\n\n').join('')],
      ['chat', `${chat.join('')}data: {`],
      ['completion', replaced(completion, '"object":"text_completion"', '"object":"chat.completion.chunk"')],
      ['anthropic', without(anthropic, 1)],
      ['anthropic', twice(anthropic, 4)],
      ['anthropic', twice(anthropic, anthropic.length - 1)],
      ['anthropic', replaced(anthropic, '"content_block_delta","index":1', '"content_block_delta","index":0')],
      ['anthropic', replaced(anthropic, 'event: content_block_stop', 'event: content_block_start')],
      ['responses', replaced(responses, '"sequence_number":4', '"sequence_number":5')],
      ['responses', twice(responses, 4)],
      ['responses', without(responses, 0)],
      ['responses', replaced(responses, '"id":"resp_1"', '"id":"resp_2"')],
      ['responses', replaced(responses, '"item_id":"msg_1"', '"item_id":"msg_2"')],
      ['responses', replaced(responses, '"text":"one two"', '"text":"one"')],
    ]
    for (const [dialect, text] of malformed) {
      const damages = damagesOf(dialect, text)
      assert.ok(damages.includes('malformed'), `${damages} in ${text}`)
    }
  })

  it('tells a part too much, a part too few and another order', () => {
    const call =
      'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]},"finish_reason":null}]}\n\n'
    assert.deepEqual(damagesOf('chat', chat.toSpliced(3, 0, call).join('')), ['wrong'])
    const tool = anthropic.slice(5, 9)
    assert.equal(tool.length, 4)
    assert.ok(damagesOf('anthropic', anthropic.toSpliced(5, 4).join('')).includes('missing'))
  })

  it('survives what is of quite another shape', () => {
    assert.deepEqual(damagesOf('chat', 'data: {"choices":5}\n\n'), ['lost', 'malformed'])
    assert.deepEqual(damagesOf('chat', 'data: null\n\n'), ['lost', 'malformed'])
    assert.deepEqual(damagesOf('responses', '<html>'), ['lost', 'malformed'])
  })
})
