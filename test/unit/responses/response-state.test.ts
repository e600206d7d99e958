import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Compile } from 'typebox/compile'
import type { InferenceEvent } from '../../../src/inference/events.ts'
import { ResponseEvent } from '../../../src/responses/events.ts'
import type { Item } from '../../../src/responses/items.ts'
import { seededRandom } from '../../support/random.ts'
import { makeState } from './make-response.ts'

const FINISH = {
  type: 'finish',
  usage: { promptTokens: 3, completionTokens: 2, cachedTokens: 1 },
  timings: { promptMs: 1, generationMs: 1 },
} as const

interface Generated {
  readonly events: InferenceEvent[]
  readonly text: string
  readonly reasoning: string
  /** In the order in which they began. */
  readonly calls: { readonly id: string; readonly arguments: string }[]
  readonly cutShort: boolean
}

/** Whatever a backend may send: thoughts, words and calls in any order, calls also at the same time, several rounds. */
function generate(seed: number): Generated {
  const random = seededRandom(seed)
  const pick = (below: number): number => Math.floor(random() * below)
  const events: InferenceEvent[] = []
  const calls: Generated['calls'] = []
  let text = ''
  let reasoning = ''
  const rounds = 1 + pick(2)
  let cutShort = false
  for (let round = 0; round < rounds; round += 1) {
    const waiting: { index: number; rest: string }[] = []
    let begun = 0
    for (let step = pick(14); step > 0; step -= 1) {
      const kind = pick(5)
      const word = ['', ' ', 'a', 'ä€', '"\n'][pick(5)] ?? ''
      if (kind === 0) {
        text += word
        events.push({ type: 'text-delta', text: word })
      } else if (kind === 1) {
        reasoning += word
        events.push({ type: 'reasoning-delta', text: word })
      } else if (kind === 2) {
        const rest = ['', '{}', '{"a":{"b":"}"}}', ' {"c":[1,2]} '][pick(4)] ?? ''
        const id = `call_${calls.length}`
        events.push({ type: 'tool-call-start', index: begun, id, name: 'f' })
        calls.push({ id, arguments: rest.trimEnd() })
        waiting.push({ index: begun, rest })
        begun += 1
      } else {
        const call = waiting[pick(waiting.length)]
        if (call === undefined || call.rest === '') continue
        const length = 1 + pick(call.rest.length)
        events.push({ type: 'tool-call-delta', index: call.index, arguments: call.rest.slice(0, length) })
        call.rest = call.rest.slice(length)
      }
    }
    cutShort = round === rounds - 1 && random() < 0.2
    if (!cutShort) {
      for (const { index, rest } of waiting) {
        if (rest !== '') events.push({ type: 'tool-call-delta', index, arguments: rest })
      }
    } else calls.splice(0)
    events.push({ ...FINISH, reason: cutShort ? 'length' : 'stop' })
  }
  return { events, text, reasoning, calls, cutShort }
}

function run(events: readonly InferenceEvent[]): ResponseEvent[] {
  const state = makeState()
  return [
    ...state.created(),
    ...state.started(),
    ...events.flatMap((event) => state.add(event)),
    ...state.completed(9),
    ...state.completed(9),
    ...state.cancelled(),
  ]
}

const isEvent = Compile(ResponseEvent)

/** What one item may go through, as its events' last words. */
const LIVES = {
  message:
    /^output_item.added content_part.added( output_text.delta)* output_text.done content_part.done output_item.done$/,
  reasoning:
    /^output_item.added content_part.added( reasoning_text.delta)+ reasoning_text.done content_part.done output_item.done$/,
  function_call: /^output_item.added( function_call_arguments.delta)* function_call_arguments.done output_item.done$/,
  function_call_output: /^$/,
} as const satisfies Record<Item['type'], RegExp>

function checkItem(events: readonly ResponseEvent[], index: number, item: Item): void {
  const own = events.filter((event) => 'output_index' in event && event.output_index === index)
  assert.match(own.map(({ type }) => type.slice('response.'.length)).join(' '), LIVES[item.type])
  for (const event of own) {
    if ('item_id' in event) assert.equal(event.item_id, item.id)
    if ('content_index' in event) assert.equal(event.content_index, 0)
    if ('item' in event) assert.equal(event.item.id, item.id)
    if (event.type === 'response.output_item.done') assert.deepEqual(event.item, item)
  }
  const told = own.map((event) => ('delta' in event ? event.delta : '')).join('')
  if (item.type === 'function_call') assert.equal(told, item.arguments)
  else if (item.type !== 'function_call_output') {
    const [part] = item.content
    assert.equal(told, part !== undefined && 'text' in part ? part.text : '')
  }
}

function said(items: readonly Item[], type: 'message' | 'reasoning'): string {
  const texts = items.map((item) => {
    if (item.type !== type || !('content' in item)) return ''
    const [part] = item.content
    return part !== undefined && 'text' in part ? part.text : ''
  })
  return texts.join('')
}

describe('the events of a response', () => {
  it('tell any answer whole and in order', () => {
    for (let seed = 0; seed < 400; seed += 1) {
      const wanted = generate(seed)
      const events = run(wanted.events)
      assert.deepEqual(
        events.map((event) => event.sequence_number),
        events.map((_, place) => place),
      )
      for (const event of events) assert.ok(isEvent.Check(event), JSON.stringify(event))
      assert.deepEqual(
        events.slice(0, 2).map(({ type }) => type),
        ['response.created', 'response.in_progress'],
      )
      const last = events.at(-1)
      assert.ok(last?.type === (wanted.cutShort ? 'response.incomplete' : 'response.completed'), `seed ${seed}`)
      const { output } = last.response
      const added = events.filter(({ type }) => type === 'response.output_item.added')
      assert.deepEqual(
        added.map((event) => ('output_index' in event ? event.output_index : -1)),
        output.map((_, index) => index),
      )
      for (const [index, item] of output.entries()) checkItem(events, index, item)
      assert.equal(said(output, 'message'), wanted.text)
      assert.equal(said(output, 'reasoning'), wanted.reasoning)
      if (wanted.cutShort) continue
      const calls = output.filter((item) => item.type === 'function_call')
      assert.deepEqual(
        calls.map((call) => [call.call_id, call.arguments.trimEnd()]),
        wanted.calls.map((call) => [call.id, call.arguments === '' ? '{}' : call.arguments]),
        `seed ${seed}`,
      )
    }
  })

  it('end a call before the next item begins, when its arguments are whole', () => {
    const types = run([
      { type: 'tool-call-start', index: 0, id: 'a', name: 'f' },
      { type: 'tool-call-delta', index: 0, arguments: '{}' },
      { type: 'tool-call-start', index: 1, id: 'b', name: 'g' },
      { ...FINISH, reason: 'tool-calls' },
    ]).flatMap((event) => ('output_index' in event ? [`${event.output_index} ${event.type.split('.').at(-1)}`] : []))
    assert.deepEqual(types, ['0 added', '0 delta', '0 done', '0 done', '1 added', '1 delta', '1 done', '1 done'])
  })

  it('say nothing of a second call when parallel calls are forbidden', () => {
    const state = makeState({ parallel_tool_calls: false })
    for (const index of [0, 1]) state.add({ type: 'tool-call-start', index, id: `c${index}`, name: 'f' })
    state.add({ type: 'tool-call-delta', index: 1, arguments: '{}' })
    state.add({ ...FINISH, reason: 'tool-calls' })
    assert.deepEqual(
      state.resource().output.map((item) => item.type === 'function_call' && item.call_id),
      ['c0'],
    )
  })

  it('end with the error and the failed response, which keeps what was said', () => {
    const state = makeState()
    const before = [...state.created(), ...state.started(), ...state.add({ type: 'text-delta', text: 'Hel' })]
    const error = { type: 'model_error', code: 'server_error', message: 'prediction failed: no', param: '' }
    const [told, failed, ...more] = state.failed(error)
    assert.deepEqual(told, { type: 'error', sequence_number: before.length, error })
    assert.ok(failed?.type === 'response.failed')
    assert.deepEqual([failed.response.status, failed.response.error, more], ['failed', error, []])
    assert.deepEqual(
      failed.response.output.map((item) => 'status' in item && item.status),
      ['incomplete'],
    )
    assert.deepEqual([...state.add({ type: 'text-delta', text: 'lo' }), ...state.completed(1)], [])
  })

  it('tell an answer that says nothing as an empty message', () => {
    const events = run([{ ...FINISH, reason: 'stop' }])
    const last = events.at(-1)
    assert.ok(last?.type === 'response.completed')
    assert.equal(last.response.output.length, 1)
    for (const [index, item] of last.response.output.entries()) checkItem(events, index, item)
  })

  it('add up the tokens of several rounds', () => {
    const state = makeState()
    state.add({ ...FINISH, reason: 'tool-calls' })
    state.add({ ...FINISH, reason: 'stop' })
    assert.deepEqual(state.resource().usage, {
      input_tokens: 6,
      output_tokens: 4,
      total_tokens: 10,
      input_tokens_details: { cached_tokens: 2 },
      output_tokens_details: { reasoning_tokens: 0 },
    })
  })

  it('are not changed by what comes later', () => {
    const state = makeState()
    const [created] = state.created()
    const before = JSON.stringify(created)
    state.add({ type: 'text-delta', text: 'Hi' })
    state.completed(5)
    assert.equal(JSON.stringify(created), before)
    assert.deepEqual([state.resource().status, state.resource().completed_at], ['completed', 5])
  })
})
