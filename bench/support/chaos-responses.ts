import { createParts, type Parts, type Reading, type Usage } from './chaos-answer.ts'
import { createConstants, parseJson, quote, readEvents } from './chaos-events.ts'

interface Item {
  readonly id?: string
  readonly type?: string
  readonly name?: string
  readonly arguments?: string
  readonly content?: readonly { readonly type?: string; readonly text?: string }[]
}

interface ResponseBody {
  readonly id?: string
  readonly created_at?: number
  readonly status?: string
  readonly output?: readonly Item[]
  readonly usage?: { readonly input_tokens: number; readonly output_tokens: number } | null
  readonly error?: { readonly message?: string } | null
}

interface Event {
  readonly type?: string
  readonly sequence_number?: number
  readonly response?: ResponseBody
  readonly output_index?: number
  readonly item_id?: string
  readonly item?: Item
  readonly delta?: string
  readonly text?: string
  readonly arguments?: string
  readonly error?: { readonly message?: string }
}

const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** A stream of `/v1/responses`: numbered events, one end, and an end that holds what the events have told. */
export function readResponseStream(text: string): Reading {
  const { events, damages: broken } = readEvents(text)
  const damages = [...broken]
  const constant = createConstants(damages)
  const deltas = createParts()
  const open = new Map<number, OpenItem>()
  let next = 0
  let end: ResponseBody | undefined
  let failure: string | undefined
  let dones = 0
  for (const { name, data } of events) {
    if (dones > 0) damages.push(`after [DONE]: ${quote(data)}`)
    if (data === '[DONE]') {
      dones += 1
      continue
    }
    const event = parseJson<Event>(data, damages)
    if (event === undefined) continue
    if (event.type !== name) damages.push(`an event ${event.type} has the name ${name}`)
    if (event.type === 'error') {
      failure = event.error?.message ?? 'an error without a message'
      continue
    }
    if (event.sequence_number !== next) damages.push(`event ${next} has the number ${event.sequence_number}`)
    next += 1
    if ((event.type === 'response.created') !== (next === 1)) damages.push(`${event.type} is event ${next - 1}`)
    if (end !== undefined) damages.push(`after the end: ${event.type}`)
    if (event.response !== undefined) {
      constant('response.id', event.response.id)
      constant('response.created_at', event.response.created_at)
    }
    readItem(event, { open, deltas, damages })
    if (!TERMINAL.has(event.type ?? '')) continue
    end = event.response ?? {}
    if (event.type === 'response.failed') failure = end.error?.message ?? 'it failed without a message'
  }
  const parts = createParts()
  for (const [index, item] of (end?.output ?? []).entries()) addItem(parts, item, index)
  if (end !== undefined) compareWithEnd(deltas, parts, damages)
  const isWhole = end !== undefined && failure === undefined && dones === 1
  const answer = {
    parts: end === undefined ? deltas.all : parts.all,
    finish: end?.status ?? '',
    usage: usageOf(end),
  }
  return { answer, isWhole, failure, damages }
}

/** A whole response. */
export function readResponse(text: string): Reading {
  const damages: string[] = []
  const body = parseJson<ResponseBody>(text, damages) ?? {}
  const parts = createParts()
  for (const [index, item] of (body.output ?? []).entries()) addItem(parts, item, index)
  const finish = body.status ?? ''
  return {
    answer: { parts: parts.all, finish, usage: usageOf(body) },
    isWhole: finish === 'completed' || finish === 'incomplete',
    failure: body.error?.message,
    damages,
  }
}

interface OpenItem {
  readonly name: string
  readonly id: string | undefined
}

interface Items {
  readonly open: Map<number, OpenItem>
  readonly deltas: Parts
  readonly damages: string[]
}

function readItem(event: Event, { open, deltas, damages }: Items): void {
  const { type = '', output_index: index, item } = event
  if (index === undefined) return
  if (type === 'response.output_item.added') {
    if (index !== open.size) damages.push(`item ${index} comes after ${open.size} items`)
    open.set(index, { name: nameOf(item, index), id: item?.id })
    deltas.add(nameOf(item, index), '')
    return
  }
  const opened = open.get(index)
  if (opened === undefined) {
    damages.push(`${type} of item ${index}, which has not begun`)
    return
  }
  const { name, id } = opened
  const said = event.item_id ?? item?.id
  if (said !== id) damages.push(`${type} calls item ${index} ${quote(String(said))}; it began as ${quote(String(id))}`)
  if (type.endsWith('.delta')) deltas.add(name, event.delta ?? '')
  else if (type === 'response.output_text.done' || type === 'response.function_call_arguments.done') {
    const whole = event.text ?? event.arguments ?? ''
    if (whole !== deltas.get(name)) damages.push(`${type} says ${quote(whole)}, not what its pieces said`)
  }
}

function compareWithEnd(deltas: Parts, parts: Parts, damages: string[]): void {
  for (const name of new Set([...Object.keys(deltas.all), ...Object.keys(parts.all)])) {
    if (deltas.get(name) !== parts.get(name) || deltas.has(name) !== parts.has(name))
      damages.push(`the end has another ${name} than the events before it`)
  }
}

function addItem(parts: Parts, item: Item, index: number): void {
  const text = item.arguments ?? (item.content ?? []).map((content) => content.text ?? '').join('')
  parts.add(nameOf(item, index), text)
}

function nameOf(item: Item | undefined, index: number): string {
  return `${index} ${item?.type}${item?.name === undefined ? '' : ` ${item.name}`}`
}

function usageOf(body: ResponseBody | undefined): Usage | undefined {
  const usage = body?.usage
  return usage === undefined || usage === null
    ? undefined
    : { prompt: usage.input_tokens, generated: usage.output_tokens }
}
