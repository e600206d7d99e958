import { createHash } from 'node:crypto'
import type { Answer } from '../../inference/collect-answer.ts'
import type { InferenceEvent } from '../../inference/events.ts'
import type { ContentBlock, Ending, MessageAnswer, Usage } from './response-schema.ts'

export interface MessageHead {
  readonly id: string
  /** As the request named it. */
  readonly model: string
}

export interface MessageRendering {
  readonly head: MessageHead
  /** The request's own; another word that ended the answer is the model's business. */
  readonly stopSequences: readonly string[]
  /** False: thoughts are told of, with their signature, and not shown (`display: omitted`). */
  readonly showsThinking: boolean
  readonly requestId: string
}

type Finish = Extract<InferenceEvent, { readonly type: 'finish' }>

/** An answer as one message: what was thought, then what was said, then what is to be called. */
export function toMessageAnswer(rendering: MessageRendering, answer: Answer): MessageAnswer {
  return {
    ...toEmptyMessage(rendering.head),
    content: toContent(rendering, answer),
    ...toEnding(answer.finish, rendering),
    usage: toUsage(answer.finish),
  }
}

/** A message of which nothing is known yet. */
export function toEmptyMessage({ id, model }: MessageHead): MessageAnswer {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 },
  }
}

function toContent({ showsThinking }: MessageRendering, { reasoning, text, toolCalls }: Answer): ContentBlock[] {
  const content: ContentBlock[] = []
  if (reasoning !== '') {
    const signature = createThoughtSignature()
    signature.add(reasoning)
    content.push({ type: 'thinking', thinking: showsThinking ? reasoning : '', signature: signature.text() })
  }
  // Clients read the first block without looking whether there is one.
  if (text !== '' || (content.length === 0 && toolCalls.length === 0)) content.push({ type: 'text', text })
  for (const { id, name, arguments: json } of toolCalls) {
    content.push({ type: 'tool_use', id: toToolUseId(id), name, input: toInput(json) })
  }
  return content
}

/** A call that `max_tokens` cut off is there, as with Anthropic, but what it had written has no value. */
function toInput(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return {}
  }
}

export function toEnding({ reason, stopSequence }: Finish, { stopSequences }: MessageRendering): Ending {
  if (reason === 'length') return { stop_reason: 'max_tokens', stop_sequence: null }
  if (reason === 'tool-calls') return { stop_reason: 'tool_use', stop_sequence: null }
  const named = stopSequence !== undefined && stopSequences.includes(stopSequence)
  return named
    ? { stop_reason: 'stop_sequence', stop_sequence: stopSequence }
    : { stop_reason: 'end_turn', stop_sequence: null }
}

export function toUsage({ usage }: Finish): Usage {
  return {
    input_tokens: usage.promptTokens - usage.cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cachedTokens,
    output_tokens: usage.completionTokens,
  }
}

/** Anthropic's clients and servers know ids of this form only. */
export function toToolUseId(id: string): string {
  return `toolu_${id.replace(/^call_/, '').replaceAll(/[^\w-]/g, '_')}`
}

/**
 * What clients give back with a thought, and some drop a thought without. It proves nothing, for no node asks for
 * proof: any node takes thoughts from any other, and from Anthropic.
 */
export function createThoughtSignature() {
  const hash = createHash('sha256')
  return {
    add(text: string): void {
      hash.update(text)
    },
    text: () => hash.digest('base64'),
  }
}
