import { type Static, type TProperties, Type } from 'typebox'
import { exact, Item, Logprob, OutputText, ReasoningText } from './items.ts'
import { ResponseError, ResponseResource } from './resource.ts'

function event<const T extends string, P extends TProperties>(type: T, properties: P) {
  return Type.Object({ type: Type.Literal(type), sequence_number: Type.Integer(), ...properties }, exact)
}

const inOutput = { output_index: Type.Integer() }
const inItem = { item_id: Type.String(), ...inOutput }
const inPart = { ...inItem, content_index: Type.Integer() }
const part = Type.Union([OutputText, ReasoningText])
const whole = { response: ResponseResource }

/** Everything a stream of a response may say, each with its number: 0, 1, 2, … */
export const ResponseEvent = Type.Union([
  event('response.created', whole),
  event('response.in_progress', whole),
  event('response.completed', whole),
  event('response.incomplete', whole),
  event('response.failed', whole),
  event('error', { error: ResponseError }),
  event('response.output_item.added', { ...inOutput, item: Item }),
  event('response.output_item.done', { ...inOutput, item: Item }),
  event('response.content_part.added', { ...inPart, part }),
  event('response.content_part.done', { ...inPart, part }),
  event('response.output_text.delta', { ...inPart, delta: Type.String(), logprobs: Type.Array(Logprob) }),
  event('response.output_text.done', { ...inPart, text: Type.String(), logprobs: Type.Array(Logprob) }),
  event('response.reasoning_text.delta', { ...inPart, delta: Type.String() }),
  event('response.reasoning_text.done', { ...inPart, text: Type.String() }),
  event('response.function_call_arguments.delta', { ...inItem, delta: Type.String() }),
  event('response.function_call_arguments.done', { ...inItem, name: Type.String(), arguments: Type.String() }),
])
export type ResponseEvent = Static<typeof ResponseEvent>

/** What ends a stream whose node was lost: nobody knows which number its last event had. */
export const BrokenResponse = Type.Object({ type: Type.Literal('error'), error: ResponseError }, exact)

type WithoutNumber<E> = E extends unknown ? Omit<E, 'sequence_number'> : never

/** An event before it has its place in a stream. */
export type ResponseStep = WithoutNumber<ResponseEvent>

/** An event as it goes over the wire. */
export interface EventText {
  readonly sequence: number
  readonly type: string
  readonly json: string
}

export function toEventText(event: ResponseEvent): EventText {
  return { sequence: event.sequence_number, type: event.type, json: JSON.stringify(event) }
}
