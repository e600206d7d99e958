import { AppError } from '../../../base/errors.ts'
import type { EngineTokenLogprob, GeneratedPiece, GenerateRequest, GenerationEnd } from '../engine.ts'
import { createStopMatcher } from '../text/stop-matcher.ts'
import { fromErrorObject } from './server-errors.ts'

interface WireLogprob {
  readonly token: string
  readonly bytes: readonly number[]
  readonly logprob: number
}

/** An event of a /completion stream: one token's text, the progress of the prompt, or (`stop`) the end. */
export interface CompletionEvent {
  readonly content: string
  readonly tokens: readonly number[]
  readonly stop: boolean
  readonly tokens_predicted: number
  readonly tokens_evaluated: number
  readonly prompt_progress?: { readonly cache: number }
  readonly completion_probabilities?: readonly (WireLogprob & { readonly top_logprobs: readonly WireLogprob[] })[]
  readonly stop_type?: 'eos' | 'limit' | 'word' | 'none'
  readonly 'timings/cache_n'?: number
  readonly 'timings/prompt_ms'?: number
  readonly 'timings/predicted_ms'?: number
  readonly error?: unknown
}

export interface AnswerStep {
  readonly piece?: GeneratedPiece
  readonly end?: GenerationEnd
}

export interface CompletionAnswer {
  /** What this event adds: a piece, the end, or both (then the piece comes first). */
  push(event: CompletionEvent): AnswerStep
}

export interface CompletionAnswerInit {
  readonly request: Pick<GenerateRequest, 'stop' | 'topLogprobs'>
  /** The text of each token that ends an answer: llama-server writes it out like any other. */
  readonly endTexts: ReadonlyMap<number, string>
  readonly now: () => number
}

const NOTHING: AnswerStep = {}

/** Turns events into pieces: finds stop strings, takes off the end token, keeps log probabilities with their text. */
export function createCompletionAnswer({ request, endTexts, now }: CompletionAnswerInit): CompletionAnswer {
  const matcher = request.stop.length > 0 ? createStopMatcher(request.stop) : undefined
  const waiting: { readonly at: number; readonly logprob: EngineTokenLogprob }[] = []
  let tokens = 0
  let read = 0
  let shown = 0
  let cachedTokens = 0
  let promptAt: number | undefined
  let firstTokenAt: number | undefined

  function toPiece(text: string): GeneratedPiece | undefined {
    shown += text.length
    if (waiting.length === 0) return text === '' ? undefined : { text, tokens }
    const notYet = waiting.findIndex(({ at }) => at >= shown)
    const logprobs = waiting.splice(0, notYet < 0 ? waiting.length : notYet).map(({ logprob }) => logprob)
    if (text === '' && logprobs.length === 0) return undefined
    return { text, tokens, ...(logprobs.length > 0 ? { logprobs } : {}) }
  }
  function readToken(event: CompletionEvent): string {
    tokens = event.tokens_predicted
    const token = event.tokens[0]
    const ending = token === undefined ? undefined : endTexts.get(token)
    if (ending !== undefined) return withoutEnd(event.content, ending)
    const logprob = event.completion_probabilities?.[0]
    if (logprob !== undefined) waiting.push({ at: read, logprob: toLogprob(logprob, request.topLogprobs ?? 0) })
    return event.content
  }
  /** llama-server was not told of the stop strings, so its own account of this answer never comes. */
  function stoppedAt(stopSequence: string, event: CompletionEvent): GenerationEnd {
    const at = now()
    return {
      reason: 'stop',
      stopSequence,
      promptTokens: event.tokens_evaluated,
      cachedTokens,
      completionTokens: tokens,
      promptMs: (firstTokenAt ?? at) - (promptAt ?? at),
      generationMs: at - (firstTokenAt ?? at),
    }
  }
  function pushToken(event: CompletionEvent): AnswerStep {
    if (matcher === undefined) return toStep(toPiece(readToken(event)))
    firstTokenAt ??= now()
    const text = readToken(event)
    read += text.length
    const match = matcher.push(text)
    return toStep(toPiece(match.text), match.stop === undefined ? undefined : stoppedAt(match.stop, event))
  }
  return {
    push(event) {
      if (event.error !== undefined) throw fromErrorObject(event.error, 'llama-server could not go on')
      if (event.stop) return toStep(toPiece(matcher?.finish() ?? ''), toEnd(event))
      if (event.prompt_progress === undefined) return pushToken(event)
      promptAt ??= now()
      cachedTokens = event.prompt_progress.cache
      return NOTHING
    },
  }
}

function toStep(piece: GeneratedPiece | undefined, end?: GenerationEnd): AnswerStep {
  return { ...(piece === undefined ? NOTHING : { piece }), ...(end === undefined ? NOTHING : { end }) }
}

function toEnd(event: CompletionEvent): GenerationEnd {
  const cachedTokens = event['timings/cache_n']
  if (cachedTokens === undefined)
    throw new AppError('backend.failed', 'llama-server ended an answer without its figures')
  return {
    reason: event.stop_type === 'limit' ? 'length' : 'stop',
    promptTokens: event.tokens_evaluated,
    cachedTokens,
    completionTokens: event.tokens_predicted,
    promptMs: event['timings/prompt_ms'] ?? 0,
    generationMs: event['timings/predicted_ms'] ?? 0,
  }
}

function withoutEnd(text: string, ending: string): string {
  return text.endsWith(ending) ? text.slice(0, text.length - ending.length) : text
}

function toLogprob(
  entry: WireLogprob & { readonly top_logprobs: readonly WireLogprob[] },
  count: number,
): EngineTokenLogprob {
  return {
    token: entry.token,
    bytes: entry.bytes,
    logprob: entry.logprob,
    top: entry.top_logprobs.slice(0, count).map(({ token, bytes, logprob }) => ({ token, bytes, logprob })),
  }
}
