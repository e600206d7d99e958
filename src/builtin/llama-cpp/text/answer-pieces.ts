import type { EngineToken, EngineTokenLogprob, GeneratedPiece, GenerateRequest } from '../engine.ts'
import { createStopMatcher } from './stop-matcher.ts'

export interface PieceStep {
  readonly piece?: GeneratedPiece
  /** The stop string that ends the answer here; nothing more may be read. */
  readonly stop?: string
}

/**
 * Cuts an answer into pieces, for both engines, and for tokens that are sampled as well as for those that are replayed:
 * so a resumed answer comes in the same pieces as an undisturbed one.
 */
export interface AnswerPieces {
  /** A token, before its text is read. */
  note(token: EngineToken): void
  /** The text that the tokens noted so far have completed, `tokens` of them since the answer began. */
  read(text: string, tokens: number): PieceStep
  /** What is left when no more tokens come; not to be asked after a stop. */
  finish(text: string, tokens: number): GeneratedPiece | undefined
}

/** Log probabilities leave together with their text, tokens that are to be told as soon as they are whole characters. */
export function createAnswerPieces({
  stop,
  reportTokens,
}: Pick<GenerateRequest, 'stop' | 'reportTokens'>): AnswerPieces {
  const matcher = stop.length > 0 ? createStopMatcher(stop) : undefined
  const waiting: { readonly at: number; readonly logprob: EngineTokenLogprob }[] = []
  let untold: EngineToken[] = []
  let read = 0
  let shown = 0

  function dueLogprobs(): readonly EngineTokenLogprob[] {
    const notYet = waiting.findIndex(({ at }) => at >= shown)
    return waiting.splice(0, notYet < 0 ? waiting.length : notYet).map(({ logprob }) => logprob)
  }
  function toPiece(text: string, tokens: number): GeneratedPiece | undefined {
    shown += text.length
    if (waiting.length === 0 && untold.length === 0) return text === '' ? undefined : { text, tokens }
    const logprobs = dueLogprobs()
    const generated = untold
    untold = []
    if (text === '' && logprobs.length === 0 && generated.length === 0) return undefined
    return {
      text,
      tokens,
      ...(logprobs.length > 0 ? { logprobs } : {}),
      ...(generated.length > 0 ? { generated } : {}),
    }
  }
  const toStep = (piece: GeneratedPiece | undefined): PieceStep => (piece === undefined ? {} : { piece })
  return {
    note(token) {
      if (token.logprob !== undefined) waiting.push({ at: read, logprob: token.logprob })
      if (reportTokens === true) untold.push(token)
    },
    read(text, tokens) {
      read += text.length
      if (matcher === undefined) return toStep(toPiece(text, tokens))
      const match = matcher.push(text)
      const step = toStep(toPiece(match.text, tokens))
      return match.stop === undefined ? step : { ...step, stop: match.stop }
    },
    finish(text, tokens) {
      const match = matcher?.push(text) ?? { text }
      return toPiece(match.text + (match.stop === undefined ? (matcher?.finish() ?? '') : ''), tokens)
    },
  }
}
