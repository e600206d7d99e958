import type { ChatDelta as ChatDeltaMessage } from '../../grpc/generated/backend/ChatDelta.ts'
import type { Reply } from '../../grpc/generated/backend/Reply.ts'
import type { ChatDelta } from './chat-format/chat-format.ts'
import type { EngineTokenLogprob, GenerationEnd } from './engine.ts'

/** A piece of answer on its way to the wire, or a whole one. */
export interface AnswerPart {
  /** What the answer says; without reasoning and tool calls in chat mode. */
  readonly text: string
  /** Chat mode only. */
  readonly deltas: readonly ChatDelta[]
  readonly logprobs: readonly EngineTokenLogprob[]
  /** Tokens generated so far. */
  readonly tokens: number
  /** On the last part only. */
  readonly end?: GenerationEnd
}

export function toReply(part: AnswerPart): Reply {
  const { end } = part
  return {
    message: Buffer.from(part.text),
    tokens: part.tokens,
    ...(part.deltas.length > 0 ? { chat_deltas: part.deltas.map(toMessage) } : {}),
    ...(part.logprobs.length > 0 ? { logprobs: Buffer.from(JSON.stringify(toOpenAi(part.logprobs))) } : {}),
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

/** OpenAI's `logprobs` object. JSON has no infinities, and OpenAI writes -9999 for a token that could not come. */
function toOpenAi(logprobs: readonly EngineTokenLogprob[]) {
  const finite = (value: number): number => (Number.isFinite(value) ? value : -9999)
  return {
    content: logprobs.map((entry) => ({
      token: entry.token,
      bytes: entry.bytes,
      logprob: finite(entry.logprob),
      top_logprobs: entry.top.map((other) => ({ ...other, logprob: finite(other.logprob) })),
    })),
  }
}
