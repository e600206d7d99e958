import type { ChatDelta as ChatDeltaMessage } from '../../grpc/generated/backend/ChatDelta.ts'
import type { GeneratedToken } from '../../grpc/generated/backend/GeneratedToken.ts'
import type { Reply } from '../../grpc/generated/backend/Reply.ts'
import type { ChatDelta } from './chat-format/chat-format.ts'
import type { EngineToken, EngineTokenLogprob, GenerationEnd } from './engine.ts'
import { toOpenAiLogprob } from './token-logprob.ts'

/** A piece of answer on its way to the wire, or a whole one. */
export interface AnswerPart {
  /** What the answer says; without reasoning and tool calls in chat mode. */
  readonly text: string
  /** Chat mode only. */
  readonly deltas: readonly ChatDelta[]
  readonly logprobs: readonly EngineTokenLogprob[]
  /** Tokens generated so far. */
  readonly tokens: number
  /** The tokens since the part before, where the caller wants to know them. */
  readonly generated: readonly EngineToken[]
  /** On the last part only. */
  readonly end?: GenerationEnd
}

export function toReply(part: AnswerPart): Reply {
  const { end } = part
  return {
    message: Buffer.from(part.text),
    tokens: part.tokens,
    ...(part.deltas.length > 0 ? { chat_deltas: part.deltas.map(toMessage) } : {}),
    ...(part.logprobs.length > 0 ? { logprobs: toLogprobs(part.logprobs) } : {}),
    ...(part.generated.length > 0 ? { generated: part.generated.map(toGeneratedToken) } : {}),
    ...(end === undefined
      ? {}
      : {
          prompt_tokens: end.promptTokens,
          timing_prompt_processing: end.promptMs,
          timing_token_generation: end.generationMs,
        }),
  }
}

/** One part for all of them: the answer of a unary call. */
export function joinParts(parts: readonly AnswerPart[]): AnswerPart {
  const last = parts.at(-1)
  return {
    text: parts.map((part) => part.text).join(''),
    deltas: joinDeltas(parts.flatMap((part) => part.deltas)),
    logprobs: parts.flatMap((part) => part.logprobs),
    tokens: last?.tokens ?? 0,
    generated: parts.flatMap((part) => part.generated),
    ...(last?.end === undefined ? {} : { end: last.end }),
  }
}

/** What content deltas say, together. */
export function contentOf(deltas: readonly ChatDelta[]): string {
  return deltas.map((delta) => (delta.type === 'content' ? delta.text : '')).join('')
}

function joinDeltas(deltas: readonly ChatDelta[]): readonly ChatDelta[] {
  const joined: { delta: ChatDelta; texts: string[] }[] = []
  for (const delta of deltas) {
    const before = joined.at(-1)
    const text = 'text' in delta ? delta.text : ''
    if (before !== undefined && continues(before.delta, delta)) before.texts.push(text)
    else joined.push({ delta, texts: [text] })
  }
  return joined.map(({ delta, texts }) => ('text' in delta ? { ...delta, text: texts.join('') } : delta))
}

function continues(before: ChatDelta, delta: ChatDelta): boolean {
  if (before.type !== delta.type) return false
  if (before.type === 'tool-call-arguments' && delta.type === 'tool-call-arguments') return before.index === delta.index
  return before.type !== 'tool-call-start'
}

function toMessage(delta: ChatDelta): ChatDeltaMessage {
  switch (delta.type) {
    case 'content':
      return { content: delta.text }
    case 'reasoning':
      return { reasoning_content: delta.text }
    case 'tool-call-start':
      return { tool_calls: [{ index: delta.index, id: delta.id, name: delta.name }] }
    case 'tool-call-arguments':
      return { tool_calls: [{ index: delta.index, arguments: delta.text }] }
    default:
      return delta satisfies never
  }
}

function toGeneratedToken({ id, logprob }: EngineToken): GeneratedToken {
  return { id, ...(logprob === undefined ? {} : { logprobs: Buffer.from(JSON.stringify(toOpenAiLogprob(logprob))) }) }
}

/** OpenAI's `logprobs` object. */
function toLogprobs(logprobs: readonly EngineTokenLogprob[]): Buffer {
  return Buffer.from(JSON.stringify({ content: logprobs.map(toOpenAiLogprob) }))
}
