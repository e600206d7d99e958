import type { InferenceEvent, RoundEvent, ToolResult } from '../inference/events.ts'
import type { ResponseStep } from './events.ts'
import type { Item, ItemStatus } from './items.ts'
import {
  type ItemPlace,
  type OpenCall,
  type OpenText,
  openCall,
  openMessage,
  openReasoning,
  resultItem,
} from './output-items.ts'
import type { ResponseUsage } from './resource.ts'

export interface OutputBuilderInit {
  /** `msg`, `reasoning` or `fc`, and the item's place in the output. */
  readonly itemId: (prefix: string, index: number) => string
  /** Calls beyond this many in one round are left out: a client that forbids parallel calls gets one. */
  readonly maxCallsPerRound: number
}

/** Puts the output of a response together. Pure: the same events give the same steps. */
export interface OutputBuilder {
  /** What the event adds to the stream, in order; often one step, sometimes none. */
  add(event: RoundEvent): readonly ResponseStep[]
  /** To be called after the last event: an answer that says nothing at all is an empty message. */
  end(): readonly ResponseStep[]
  /** All items as they stand; those still being made have this status. */
  items(unfinished: ItemStatus): Item[]
  /** Undefined before the first `finish`; several rounds add up. */
  usage(): ResponseUsage | undefined
  /** Whether the last round ended because it was not given more tokens. */
  cutShort(): boolean
}

type Finish = Extract<InferenceEvent, { type: 'finish' }>
type CallStart = Extract<InferenceEvent, { type: 'tool-call-start' }>

/**
 * One item after the other, in the order in which the model begins them. A call stays open beside what follows it
 * while its arguments are no whole object, so nothing is lost where a backend sends several calls at the same time.
 */
export function createOutputBuilder({ itemId, maxCallsPerRound }: OutputBuilderInit): OutputBuilder {
  const items: { item(status: ItemStatus): Item }[] = []
  const open = new Set<OpenCall>()
  const calls = new Map<number, OpenCall>()
  let text: OpenText | undefined
  let usage: ResponseUsage | undefined
  let lastReason: Finish['reason'] = 'stop'

  const nextPlace = (prefix: string): ItemPlace => ({ id: itemId(prefix, items.length), index: items.length })

  function settle(opened: OpenCall | OpenText, status: ItemStatus): readonly ResponseStep[] {
    const steps = opened.close(status)
    const item = opened.item(status)
    const place = items.indexOf(opened)
    items[place] = { item: () => item }
    return steps
  }

  function closeText(status: ItemStatus): readonly ResponseStep[] {
    if (text === undefined) return []
    const steps = settle(text, status)
    text = undefined
    return steps
  }

  function closeCalls(status: ItemStatus, which: (call: OpenCall) => boolean): readonly ResponseStep[] {
    return [...open].filter(which).flatMap((call) => {
      open.delete(call)
      return settle(call, status)
    })
  }

  function makeRoom(): ResponseStep[] {
    return [...closeText('completed'), ...closeCalls('completed', (call) => call.complete())]
  }

  function beginText(kind: OpenText['kind']): readonly ResponseStep[] {
    if (text?.kind === kind) return []
    const room = makeRoom()
    text = kind === 'message' ? openMessage(nextPlace('msg')) : openReasoning(nextPlace('reasoning'))
    items.push(text)
    return [...room, ...text.opening]
  }

  function addText(kind: OpenText['kind'], event: Extract<InferenceEvent, { text: string }>): readonly ResponseStep[] {
    const logprobs = event.type === 'text-delta' ? (event.logprobs ?? []) : []
    // Log probabilities that come after the last character belong to a message that is there, and make none.
    if (event.text === '' && (text?.kind !== kind || logprobs.length === 0)) return []
    const opening = beginText(kind)
    return text === undefined ? opening : [...opening, text.delta(event.text, logprobs)]
  }

  function beginCall({ index, id, name }: CallStart): readonly ResponseStep[] {
    if (calls.has(index) || calls.size >= maxCallsPerRound) return []
    const room = makeRoom()
    const call = openCall(nextPlace('fc'), { callId: id, name })
    calls.set(index, call)
    open.add(call)
    items.push(call)
    return [...room, ...call.opening]
  }

  function addArguments({ index, arguments: piece }: Extract<InferenceEvent, { type: 'tool-call-delta' }>) {
    const call = calls.get(index)
    return call === undefined || piece === '' || !open.has(call) ? [] : [call.delta(piece)]
  }

  function addResult(result: ToolResult): readonly ResponseStep[] {
    const { item, steps } = resultItem(nextPlace('fco'), result)
    items.push({ item: () => item })
    return steps
  }

  function endRound(finish: Finish): readonly ResponseStep[] {
    lastReason = finish.reason
    usage = addUsage(usage, finish)
    const status = finish.reason === 'length' ? 'incomplete' : 'completed'
    const steps = [...closeText(status), ...closeCalls(status, () => true)]
    calls.clear()
    return steps
  }

  return {
    add(event) {
      switch (event.type) {
        case 'text-delta':
          return addText('message', event)
        case 'reasoning-delta':
          return addText('reasoning', event)
        case 'tool-call-start':
          return beginCall(event)
        case 'tool-call-delta':
          return addArguments(event)
        case 'finish':
          return endRound(event)
        case 'tool-result':
          return addResult(event)
        default:
          return event satisfies never
      }
    },
    end() {
      const opening = items.length === 0 ? beginText('message') : []
      return [...opening, ...closeText(lastReason === 'length' ? 'incomplete' : 'completed')]
    },
    items: (unfinished) => items.map((entry) => entry.item(unfinished)),
    usage: () => usage,
    cutShort: () => lastReason === 'length',
  }
}

function addUsage(before: ResponseUsage | undefined, { usage }: Finish): ResponseUsage {
  const input = (before?.input_tokens ?? 0) + usage.promptTokens
  const output = (before?.output_tokens ?? 0) + usage.completionTokens
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    input_tokens_details: { cached_tokens: (before?.input_tokens_details.cached_tokens ?? 0) + usage.cachedTokens },
    // No backend tells them apart.
    output_tokens_details: { reasoning_tokens: 0 },
  }
}
