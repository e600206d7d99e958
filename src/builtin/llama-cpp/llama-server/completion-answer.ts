import { AppError } from '../../../base/errors.ts'
import {
  type EngineToken,
  type EngineTokenLogprob,
  type GeneratedPiece,
  type GenerateRequest,
  type GenerationEnd,
  UNKNOWN_TOKEN,
} from '../engine.ts'
import { createAnswerPieces } from '../text/answer-pieces.ts'
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

/** Tokens that end at a whole character, and the text they make. */
export interface TokenGroup {
  readonly tokens: readonly EngineToken[]
  readonly text: string
}

export interface CompletionAnswer {
  /** Tokens so far, those replayed among them. */
  tokens(): number
  /** How many of them llama-server takes for a part of the prompt. */
  readonly resumed: number
  /**
   * What this event adds: a piece, the end, or both (then the piece comes first). `before`: tokens that the event does
   * not tell although its text is made of them, too.
   */
  push(event: CompletionEvent, before?: readonly number[]): AnswerStep
  /** Tokens of a request's `resume`; all of them come before the first event. */
  replay(group: TokenGroup): { readonly piece?: GeneratedPiece; readonly outcome?: Outcome }
  /** The end of an answer that was only replayed. */
  finish(): GeneratedPiece | undefined
}

export type Outcome = Pick<GenerationEnd, 'reason' | 'stopSequence'>

export interface CompletionAnswerInit {
  readonly request: Pick<GenerateRequest, 'stop' | 'topLogprobs' | 'reportTokens' | 'resume'>
  /** The text of each token that ends an answer: llama-server writes it out like any other. */
  readonly endTexts: ReadonlyMap<number, string>
  readonly now: () => number
}

const NOTHING: AnswerStep = {}

/** Turns events into pieces: finds stop strings, takes off the end token, keeps log probabilities with their text. */
export function createCompletionAnswer({ request, endTexts, now }: CompletionAnswerInit): CompletionAnswer {
  const pieces = createAnswerPieces(request)
  const timesItself = request.stop.length > 0
  const resumed = request.resume?.length ?? 0
  let tokens = 0
  let cachedTokens = 0
  let promptAt: number | undefined
  let firstTokenAt: number | undefined

  /** llama-server was not told of the stop strings, so its own account of this answer never comes. */
  function stoppedAt(stopSequence: string, event: CompletionEvent): GenerationEnd {
    const at = now()
    return {
      reason: 'stop',
      stopSequence,
      ...promptCounts(event.tokens_evaluated, cachedTokens),
      completionTokens: tokens,
      promptMs: (firstTokenAt ?? at) - (promptAt ?? at),
      generationMs: at - (firstTokenAt ?? at),
    }
  }
  /** For llama-server, what is resumed is part of the prompt. */
  function promptCounts(evaluated: number, cached: number) {
    const promptTokens = evaluated - resumed
    return { promptTokens, cachedTokens: Math.min(cached, promptTokens) }
  }
  function pushToken(event: CompletionEvent, before: readonly number[] | undefined): AnswerStep {
    if (timesItself) firstTokenAt ??= now()
    tokens = event.tokens_predicted + resumed
    for (const id of before ?? []) pieces.note({ id })
    const id = event.tokens[0] ?? UNKNOWN_TOKEN
    const ending = endTexts.get(id)
    const logprob = ending === undefined ? event.completion_probabilities?.[0] : undefined
    pieces.note(logprob === undefined ? { id } : { id, logprob: toLogprob(logprob, request.topLogprobs ?? 0) })
    const { piece, stop } = pieces.read(withoutEnd(event.content, ending), tokens)
    return toStep(piece, stop === undefined ? undefined : stoppedAt(stop, event))
  }
  function toEnd(event: CompletionEvent): GenerationEnd {
    const cached = event['timings/cache_n']
    if (cached === undefined) throw new AppError('backend.failed', 'llama-server ended an answer without its figures')
    return {
      reason: event.stop_type === 'limit' ? 'length' : 'stop',
      ...promptCounts(event.tokens_evaluated, cached),
      completionTokens: event.tokens_predicted + resumed,
      promptMs: event['timings/prompt_ms'] ?? 0,
      generationMs: event['timings/predicted_ms'] ?? 0,
    }
  }
  return {
    tokens: () => tokens,
    resumed,
    push(event, before) {
      if (event.error !== undefined) throw fromErrorObject(event.error, 'llama-server could not go on')
      if (event.stop) return toStep(pieces.finish('', tokens), toEnd(event))
      if (event.prompt_progress === undefined) return pushToken(event, before)
      promptAt ??= now()
      cachedTokens = event.prompt_progress.cache
      return NOTHING
    },
    replay(group) {
      tokens += group.tokens.length
      for (const token of group.tokens) pieces.note(token)
      const ending = endTexts.get(group.tokens.at(-1)?.id ?? UNKNOWN_TOKEN)
      const { piece, stop } = pieces.read(withoutEnd(group.text, ending), tokens)
      const shown = piece === undefined ? {} : { piece }
      if (stop !== undefined) return { ...shown, outcome: { reason: 'stop', stopSequence: stop } }
      return ending === undefined ? shown : { ...shown, outcome: { reason: 'stop' } }
    },
    finish: () => pieces.finish('', tokens),
  }
}

function toStep(piece: GeneratedPiece | undefined, end?: GenerationEnd): AnswerStep {
  return { ...(piece === undefined ? NOTHING : { piece }), ...(end === undefined ? NOTHING : { end }) }
}

function withoutEnd(text: string, ending: string | undefined): string {
  return ending !== undefined && text.endsWith(ending) ? text.slice(0, text.length - ending.length) : text
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
