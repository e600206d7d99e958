import type { TokenLogprob, ToolResult } from '../inference/events.ts'
import type { ResponseStep } from './events.ts'
import type { FunctionCallItem, Item, ItemStatus, Logprob, OutputText, ReasoningText } from './items.ts'

/** Where an item stands in the output, and its name. */
export interface ItemPlace {
  readonly id: string
  readonly index: number
}

/** An item that is still being made. */
export interface OpenItem {
  readonly opening: readonly ResponseStep[]
  /** The item as it stands. */
  item(status: ItemStatus): Item
  close(status: ItemStatus): readonly ResponseStep[]
}

export interface OpenText extends OpenItem {
  readonly kind: 'message' | 'reasoning'
  delta(text: string, logprobs: readonly TokenLogprob[]): ResponseStep
}

export interface OpenCall extends OpenItem {
  delta(piece: string): ResponseStep
  /** Whether the arguments are one JSON object, after which nothing can follow. */
  complete(): boolean
}

/** The answer's text: one message with one part. */
export function openMessage({ id, index }: ItemPlace): OpenText {
  const pieces: string[] = []
  const logprobs: Logprob[] = []
  const part = (): OutputText => ({
    type: 'output_text',
    text: pieces.join(''),
    annotations: [],
    logprobs: [...logprobs],
  })
  const message = (status: ItemStatus, content: OutputText[]): Item => ({
    type: 'message',
    id,
    status,
    role: 'assistant',
    content,
  })
  const at = { item_id: id, output_index: index, content_index: 0 }
  return {
    kind: 'message',
    opening: [
      { type: 'response.output_item.added', output_index: index, item: message('in_progress', []) },
      { type: 'response.content_part.added', ...at, part: part() },
    ],
    delta(text, tokens) {
      const added = tokens.map(toLogprob)
      pieces.push(text)
      logprobs.push(...added)
      return { type: 'response.output_text.delta', ...at, delta: text, logprobs: added }
    },
    item: (status) => message(status, [part()]),
    close(status) {
      const whole = part()
      return [
        { type: 'response.output_text.done', ...at, text: whole.text, logprobs: whole.logprobs },
        { type: 'response.content_part.done', ...at, part: whole },
        { type: 'response.output_item.done', output_index: index, item: message(status, [whole]) },
      ]
    },
  }
}

/** What the model thought before it spoke. */
export function openReasoning({ id, index }: ItemPlace): OpenText {
  const pieces: string[] = []
  const part = (): ReasoningText => ({ type: 'reasoning_text', text: pieces.join('') })
  const reasoning = (status: ItemStatus, content: ReasoningText[]): Item => ({
    type: 'reasoning',
    id,
    status,
    summary: [],
    content,
  })
  const at = { item_id: id, output_index: index, content_index: 0 }
  return {
    kind: 'reasoning',
    opening: [
      { type: 'response.output_item.added', output_index: index, item: reasoning('in_progress', []) },
      { type: 'response.content_part.added', ...at, part: part() },
    ],
    delta(text) {
      pieces.push(text)
      return { type: 'response.reasoning_text.delta', ...at, delta: text }
    },
    item: (status) => reasoning(status, [part()]),
    close(status) {
      const whole = part()
      return [
        { type: 'response.reasoning_text.done', ...at, text: whole.text },
        { type: 'response.content_part.done', ...at, part: whole },
        { type: 'response.output_item.done', output_index: index, item: reasoning(status, [whole]) },
      ]
    },
  }
}

/** A call of one of the client's functions. Arguments that never came are an empty object, as JSON has no empty text. */
export function openCall(
  { id, index }: ItemPlace,
  { callId, name }: { readonly callId: string; readonly name: string },
): OpenCall {
  const pieces: string[] = []
  const call = (status: ItemStatus): FunctionCallItem => ({
    type: 'function_call',
    id,
    status,
    call_id: callId,
    name,
    arguments: pieces.join(''),
  })
  const at = { item_id: id, output_index: index }
  const delta = (piece: string): ResponseStep => {
    pieces.push(piece)
    return { type: 'response.function_call_arguments.delta', ...at, delta: piece }
  }
  return {
    opening: [{ type: 'response.output_item.added', output_index: index, item: call('in_progress') }],
    delta,
    complete: () => isJsonObject(pieces.join('')),
    item: call,
    close(status) {
      const missing = pieces.length === 0 && status === 'completed' ? [delta('{}')] : []
      const item = call(status)
      return [
        ...missing,
        { type: 'response.function_call_arguments.done', ...at, name, arguments: item.arguments },
        { type: 'response.output_item.done', output_index: index, item },
      ]
    },
  }
}

/** What a tool of the node's own gave: it has no pieces, it is there all at once. */
export function resultItem(
  { id, index }: ItemPlace,
  { callId, text: output }: ToolResult,
): { readonly item: Item; readonly steps: readonly ResponseStep[] } {
  const item: Item = { type: 'function_call_output', id, status: 'completed', call_id: callId, output }
  return {
    item,
    steps: [
      { type: 'response.output_item.added', output_index: index, item },
      { type: 'response.output_item.done', output_index: index, item },
    ],
  }
}

function isJsonObject(text: string): boolean {
  if (!text.trimEnd().endsWith('}')) return false
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object'
  } catch {
    return false
  }
}

function toLogprob({ token, logprob, bytes, top }: TokenLogprob): Logprob {
  return {
    token,
    logprob,
    bytes: [...bytes],
    top_logprobs: top.map((alternative) => ({ ...alternative, bytes: [...alternative.bytes] })),
  }
}
