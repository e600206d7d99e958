import { StringDecoder } from 'node:string_decoder'
import { isObject } from '../base/json.ts'
import type { ChatDelta__Output } from '../grpc/generated/backend/ChatDelta.ts'
import type { GeneratedToken__Output } from '../grpc/generated/backend/GeneratedToken.ts'
import type { Reply__Output } from '../grpc/generated/backend/Reply.ts'
import type { ToolCallDelta__Output } from '../grpc/generated/backend/ToolCallDelta.ts'
import type { GenerationTrailers } from '../grpc/trailers.ts'
import { type AnswerPiece, textPiece } from './answers/answer-piece.ts'
import type { AnswerReader } from './answers/answer-reader.ts'
import type { InferenceEvent, TokenLogprob, Usage } from './events.ts'

export interface ReplyReaderInit {
  /** The limit that was asked for, 0 for none: tells `length` from `stop` when the backend does not say. */
  readonly maxTokens: number
  /** Milliseconds of a clock that never goes back: for a backend that reports no timings. */
  readonly now: () => number
  /** For a backend that gives its tool calls no id, or tells its tokens: the ids of one that does are chance. */
  readonly newToolCallId: () => string
  /** Takes the tokens that a reply tells, before its events. */
  readonly onTokens?: (tokens: readonly GeneratedToken__Output[]) => void
  /** Takes raw text apart; absent: it stays as it is. */
  readonly answer?: AnswerReader
}

/** Turns the replies of one generation into events. Leaving early cancels the call. */
export async function* readReplies(
  replies: AsyncGenerator<Reply__Output, GenerationTrailers>,
  init: ReplyReaderInit,
): AsyncGenerator<InferenceEvent, void> {
  const reader = createReplyReader(init)
  try {
    for (;;) {
      const next = await replies.next()
      const events = next.done === true ? reader.end(next.value) : reader.read(next.value)
      for (const event of events) yield event
      if (next.done === true) return
    }
  } finally {
    await replies.return({})
  }
}

interface ReplyReader {
  read(reply: Reply__Output): readonly InferenceEvent[]
  end(trailers: GenerationTrailers): readonly InferenceEvent[]
}

/**
 * The state between one reply and the next. Where a backend parses its own answer (`chat_deltas`), that is what
 * counts: from the first such reply on, the raw `message` bytes that LocalAI's backends send as well are ignored.
 */
function createReplyReader({
  maxTokens,
  now,
  newToolCallId,
  onTokens,
  answer = AS_IT_IS,
}: ReplyReaderInit): ReplyReader {
  const decoder = new StringDecoder('utf8')
  const startedTools = new Set<number>()
  const startedAt = now()
  let firstReplyAt: number | undefined
  let parsed = false
  let tellsTokens = false
  let heldLogprobs: TokenLogprob[] = []
  let promptTokens = 0
  let completionTokens = 0
  let promptMs = 0
  let generationMs = 0

  function count(reply: Reply__Output): void {
    firstReplyAt ??= now()
    // Counters are running totals, and a backend may leave them out of some replies.
    promptTokens = Math.max(promptTokens, reply.prompt_tokens)
    completionTokens = Math.max(completionTokens, reply.tokens)
    promptMs = Math.max(promptMs, reply.timing_prompt_processing)
    generationMs = Math.max(generationMs, reply.timing_token_generation)
    if (reply.logprobs.length > 0) heldLogprobs.push(...parseLogprobs(reply.logprobs))
  }

  function text(value: string): InferenceEvent {
    if (heldLogprobs.length === 0) return { type: 'text-delta', text: value }
    const logprobs = heldLogprobs
    heldLogprobs = []
    return { type: 'text-delta', text: value, logprobs }
  }

  function* toolEvents(call: ToolCallDelta__Output): Generator<InferenceEvent> {
    if (!startedTools.has(call.index)) {
      startedTools.add(call.index)
      const id = call.id === '' || tellsTokens ? newToolCallId() : call.id
      yield { type: 'tool-call-start', index: call.index, id, name: call.name }
    }
    if (call.arguments !== '') yield { type: 'tool-call-delta', index: call.index, arguments: call.arguments }
  }

  /** A call comes whole: its index goes on from those before it. */
  function* pieceEvents(pieces: readonly AnswerPiece[]): Generator<InferenceEvent> {
    for (const piece of pieces) {
      if (piece.type === 'text') yield text(piece.text)
      else if (piece.type === 'reasoning') yield { type: 'reasoning-delta', text: piece.text }
      else {
        const index = startedTools.size
        startedTools.add(index)
        yield { type: 'tool-call-start', index, id: newToolCallId(), name: piece.name }
        yield { type: 'tool-call-delta', index, arguments: piece.arguments }
      }
    }
  }

  function* deltaEvents(delta: ChatDelta__Output): Generator<InferenceEvent> {
    if (delta.reasoning_content !== '') yield { type: 'reasoning-delta', text: delta.reasoning_content }
    if (delta.content !== '') yield* pieceEvents(answer.content(delta.content))
    for (const call of delta.tool_calls) yield* toolEvents(call)
  }

  function usage(cachedTokens: number): Usage {
    return { promptTokens, completionTokens, cachedTokens: Math.min(cachedTokens, promptTokens) }
  }

  return {
    read(reply) {
      if (reply.generated.length > 0) {
        tellsTokens = true
        onTokens?.(reply.generated)
      }
      count(reply)
      if (reply.chat_deltas.length > 0) {
        parsed = true
        return reply.chat_deltas.flatMap((delta) => [...deltaEvents(delta)])
      }
      if (parsed || reply.message.length === 0) return []
      const characters = decoder.write(reply.message)
      return characters === '' ? [] : [...pieceEvents(answer.raw(characters))]
    },
    end(trailers) {
      const rest = parsed ? '' : decoder.end()
      const last = [...pieceEvents([...(rest === '' ? [] : answer.raw(rest)), ...answer.end()])]
      const called = startedTools.size > 0
      const endedAt = now()
      const finish: InferenceEvent = {
        type: 'finish',
        reason: finishReason(trailers, { called, full: maxTokens > 0 && completionTokens >= maxTokens }),
        ...(trailers.stopSequence === undefined ? {} : { stopSequence: trailers.stopSequence }),
        usage: usage(trailers.cachedTokens ?? 0),
        timings: {
          promptMs: promptMs || (firstReplyAt ?? endedAt) - startedAt,
          generationMs: generationMs || endedAt - (firstReplyAt ?? endedAt),
        },
      }
      return [...last, ...(heldLogprobs.length === 0 ? [] : [text('')]), finish]
    },
  }
}

const AS_IT_IS: AnswerReader = { raw: textPiece, content: textPiece, end: () => [] }

function finishReason(
  { finishReason: reported }: GenerationTrailers,
  { called, full }: { readonly called: boolean; readonly full: boolean },
): 'stop' | 'length' | 'tool-calls' {
  if (reported === 'length') return 'length'
  if (reported === undefined && full) return 'length'
  return called ? 'tool-calls' : 'stop'
}

/** What a backend sends here is only as good as the backend: anything that is not a log probability is skipped. */
function parseLogprobs(json: Buffer): TokenLogprob[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(json.toString('utf8'))
  } catch {
    return []
  }
  const entries = isObject(parsed) ? parsed['content'] : parsed
  return Array.isArray(entries) ? entries.flatMap(toTokenLogprob) : []
}

function toTokenLogprob(entry: unknown): TokenLogprob[] {
  const alternative = toAlternative(entry)
  if (alternative === undefined || !isObject(entry)) return []
  const top = entry['top_logprobs']
  const alternatives = Array.isArray(top) ? top.map(toAlternative).filter((item) => item !== undefined) : []
  return [{ ...alternative, top: alternatives }]
}

function toAlternative(entry: unknown): Omit<TokenLogprob, 'top'> | undefined {
  if (!isObject(entry)) return undefined
  const { token, logprob, bytes } = entry
  if (typeof token !== 'string' || typeof logprob !== 'number') return undefined
  const given = Array.isArray(bytes) && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)
  return { token, logprob, bytes: given ? (bytes as number[]) : [...Buffer.from(token)] }
}
