import { isObject } from '../../base/json.ts'
import type { Reply__Output } from '../../grpc/generated/backend/Reply.ts'
import type { GenerationTrailers } from '../../grpc/trailers.ts'
import { failed } from '../http/upstream-http.ts'
import { chatDelta } from './chat-delta.ts'
import { chatLogprobs, completionLogprobs } from './logprobs.ts'
import { toReply } from './reply.ts'
import { type Counted, count, toCounters } from './usage.ts'

export type AnswerKind = 'chat' | 'completion'

/**
 * The events of one answer as replies of a backend, and its end as trailers. Throws `upstream.failed` when the server says
 * that it failed, or ends without having said why it ended. HOT PATH: once for each token; bench/gateway.ts.
 */
export async function* readAnswer(
  events: AsyncIterable<Record<string, unknown>>,
  { kind, upstream }: { readonly kind: AnswerKind; readonly upstream: string },
): AsyncGenerator<Reply__Output, GenerationTrailers> {
  const counted: Counted = {
    ...{ promptTokens: 0, completionTokens: 0, promptMs: 0, generationMs: 0 },
    cachedTokens: undefined,
  }
  const end: AnswerEnd = { reason: undefined, stopSequence: undefined }
  let pieces = 0
  for await (const event of events) {
    if (event['error'] !== undefined && event['error'] !== null) throw failed(upstream, saidIn(event['error']))
    count(event, counted)
    const choice = firstChoice(event)
    const reply = choice === undefined ? undefined : replyOf(kind, choice)
    if (choice !== undefined) noteEnd(choice, end)
    if (reply === undefined) continue
    pieces += 1
    yield reply
  }
  if (end.reason === undefined) throw failed(upstream, 'ended its answer without saying why')
  // A server that counts nothing: most send a piece for each token.
  if (counted.completionTokens === 0) counted.completionTokens = pieces
  yield toReply(toCounters(counted))
  const { cachedTokens } = counted
  return {
    finishReason: finishReasonOf(end.reason),
    ...(end.stopSequence === undefined ? {} : { stopSequence: end.stopSequence }),
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
  }
}

interface AnswerEnd {
  reason: string | undefined
  stopSequence: string | undefined
}

/** `stop_reason` is vLLM's word for the text that ended it, `matched_stop` SGLang's. */
function noteEnd(choice: Record<string, unknown>, end: AnswerEnd): void {
  const { finish_reason, stop_reason, matched_stop } = choice
  if (typeof finish_reason === 'string') end.reason = finish_reason
  const stoppedBy = stop_reason ?? matched_stop
  if (typeof stoppedBy === 'string') end.stopSequence = stoppedBy
}

function replyOf(kind: AnswerKind, choice: Record<string, unknown>): Reply__Output | undefined {
  return kind === 'chat' ? chatReply(choice) : textReply(choice)
}

function firstChoice(event: Record<string, unknown>): Record<string, unknown> | undefined {
  const choices = event['choices']
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined
  return isObject(first) ? first : undefined
}

function chatReply(choice: Record<string, unknown>): Reply__Output | undefined {
  const delta = chatDelta(choice['delta'])
  if (delta === undefined) return undefined
  const logprobs = chatLogprobs(choice['logprobs'])
  return toReply({ chat_deltas: [delta], ...(logprobs === undefined ? {} : { logprobs }) })
}

function textReply(choice: Record<string, unknown>): Reply__Output | undefined {
  const { text } = choice
  if (typeof text !== 'string' || text === '') return undefined
  const logprobs = completionLogprobs(choice['logprobs'])
  return toReply({ message: Buffer.from(text), ...(logprobs === undefined ? {} : { logprobs }) })
}

function finishReasonOf(reason: string): NonNullable<GenerationTrailers['finishReason']> {
  if (reason === 'length') return 'length'
  return reason === 'tool_calls' || reason === 'function_call' ? 'tool-calls' : 'stop'
}

const LONGEST_WORDS = 300

function saidIn(error: unknown): string {
  const message = isObject(error) ? error['message'] : error
  const words =
    typeof message === 'string'
      ? message
          .replaceAll(/\p{C}+/gu, ' ')
          .trim()
          .slice(0, LONGEST_WORDS)
      : ''
  return words === '' ? 'says that it failed' : `says that it failed: ${words}`
}
