import type { EngineToken, GeneratedPiece, GenerateRequest, GenerationEnd } from '../engine.ts'
import { createAnswerPieces } from '../text/answer-pieces.ts'
import { createTokenText } from '../text/token-text.ts'
import type { RawLogprobs } from './token-source.ts'
import type { Vocabulary } from './vocabulary.ts'

export type Outcome = Pick<GenerationEnd, 'reason' | 'stopSequence'>

export interface AnswerToken {
  readonly token: number
  readonly logprobs?: RawLogprobs
}

export interface AnswerStep {
  readonly piece?: GeneratedPiece
  readonly outcome?: Outcome
}

/** One answer between its tokens and its pieces: whole characters, without stop strings. */
export interface Answer {
  /** Tokens so far, those replayed among them. */
  tokens(): number
  push(sampled: AnswerToken): AnswerStep
  /** A token that was sampled elsewhere, and described there. */
  replay(token: EngineToken): AnswerStep
  /** What is left after the outcome. */
  finish(): GeneratedPiece | undefined
}

export interface AnswerInit {
  readonly request: Pick<GenerateRequest, 'stop' | 'reportTokens'>
  readonly prompt: readonly number[]
  /** Tokens after which the answer ends. */
  readonly limit: number
}

export function createAnswer(vocabulary: Vocabulary, { request, prompt, limit }: AnswerInit): Answer {
  const tokenText = createTokenText(vocabulary.textOf, prompt)
  const pieces = createAnswerPieces(request)
  let tokens = 0
  let stopped = false

  function read(token: EngineToken): AnswerStep {
    tokens += 1
    pieces.note(token)
    if (vocabulary.isEnd(token.id)) return { ...pieces.read('', tokens), outcome: { reason: 'stop' } }
    const text = tokenText.push(token.id)
    const atLimit = tokens >= limit ? { outcome: { reason: 'length' } as const } : {}
    if (tokenText.isInside()) return atLimit
    const { piece, stop } = pieces.read(text, tokens)
    const shown = piece === undefined ? {} : { piece }
    if (stop === undefined) return { ...shown, ...atLimit }
    stopped = true
    return { ...shown, outcome: { reason: 'stop', stopSequence: stop } }
  }
  return {
    tokens: () => tokens,
    push({ token, logprobs }) {
      const isShown = logprobs !== undefined && !vocabulary.isEnd(token)
      return read(isShown ? { id: token, logprob: vocabulary.describe(token, logprobs) } : { id: token })
    },
    replay: read,
    finish() {
      return stopped ? undefined : pieces.finish(tokenText.finish(), tokens)
    },
  }
}

/** Reads tokens that were sampled elsewhere, up to where they end the answer. Bounded by the context. */
export function replayAnswer(answer: Answer, tokens: readonly EngineToken[]) {
  const pieces: GeneratedPiece[] = []
  for (const token of tokens) {
    const { piece, outcome } = answer.replay(token)
    if (piece !== undefined) pieces.push(piece)
    if (outcome === undefined) continue
    const tail = answer.finish()
    return { pieces: tail === undefined ? pieces : [...pieces, tail], outcome }
  }
  return { pieces }
}
