import type { Dispatcher } from 'undici'
import type { GeneratedPiece, GenerateRequest, GenerationEnd } from '../engine.ts'
import { type CompletionAnswer, type CompletionEvent, createCompletionAnswer } from './completion-answer.ts'
import { type CompletionPrompt, toCompletionBody } from './completion-request.ts'
import { createCutCharacters } from './cut-characters.ts'
import { openEventStream } from './event-stream.ts'
import type { Gather } from './gather-wakes.ts'
import { resumeCompletion } from './resume-completion.ts'
import { toServerError } from './server-errors.ts'
import type { ServerFacts } from './server-info.ts'
import type { ServerCall } from './token-pieces.ts'

export interface CompleteDeps {
  readonly dispatcher: Dispatcher
  readonly call: ServerCall
  readonly facts: ServerFacts
  readonly gather: Gather
  /** Of what llama-server generated; `resumed` of the answer's tokens it was given. */
  readonly onEnd: (end: GenerationEnd, resumed: number) => void
}

export type Complete = (request: GenerateRequest, signal: AbortSignal) => AsyncGenerator<GeneratedPiece, GenerationEnd>

/** One answer of llama-server: what is resumed first, then what its events say. */
export function createComplete({ dispatcher, call, facts, gather, onEnd }: CompleteDeps): Complete {
  const { info, endTexts } = facts
  const cutCharacters = createCutCharacters(call, info)

  /** Tokens that an event stands for without telling them. */
  async function untold(event: CompletionEvent, answer: CompletionAnswer, signal: AbortSignal) {
    const count = event.tokens_predicted - (answer.tokens() - answer.resumed) - 1
    return count > 0 && !event.stop ? await cutCharacters.tokensBefore(event, count, { signal }) : undefined
  }
  async function* generate(
    answer: CompletionAnswer,
    { request, replayed }: { readonly request: CompletionPrompt; readonly replayed: readonly GeneratedPiece[] },
    signal: AbortSignal,
  ): AsyncGenerator<GeneratedPiece, GenerationEnd> {
    const stream = openEventStream<CompletionEvent>(dispatcher, {
      path: '/completion',
      body: toCompletionBody(request, facts),
      signal,
      gather,
      toError: toServerError,
    })
    try {
      yield* replayed
      for (let event = await stream.next(); event !== undefined; event = await stream.next()) {
        const before = request.reportTokens === true ? await untold(event, answer, signal) : undefined
        const { piece, end } = answer.push(event, before)
        if (piece !== undefined) {
          yield piece
          signal.throwIfAborted()
        }
        if (end !== undefined) {
          onEnd(end, answer.resumed)
          return end
        }
      }
      throw new Error('llama-server broke off its answer')
    } finally {
      stream.cancel()
    }
  }

  return async function* complete(request, signal) {
    const answer = createCompletionAnswer({ request, endTexts, now: () => performance.now() })
    const { resume = [] } = request
    if (resume.length === 0) return yield* generate(answer, { request, replayed: [] }, signal)
    const resumed = await resumeCompletion({ call, info }, { request, resume, answer }, { signal })
    if (resumed.outcome === undefined) {
      return yield* generate(answer, { request: resumed.request, replayed: resumed.pieces }, signal)
    }
    yield* resumed.pieces
    const nothing = { cachedTokens: 0, promptMs: 0, generationMs: 0 }
    return {
      ...resumed.outcome,
      ...nothing,
      promptTokens: resumed.promptTokens,
      completionTokens: answer.tokens(),
    }
  }
}
