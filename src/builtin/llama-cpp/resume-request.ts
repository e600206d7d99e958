import { AppError } from '../../base/errors.ts'
import type { GeneratedToken__Output } from '../../grpc/generated/backend/GeneratedToken.ts'
import { type EngineModelInfo, type EngineToken, UNKNOWN_TOKEN } from './engine.ts'
import { fromOpenAiLogprob } from './token-logprob.ts'

/** Keeps the multiples of k apart for all k that a context can have (Knuth, The Art of Computer Programming, 6.4). */
const GOLDEN_STEP = 0x9e37_79b1

/** `PredictOptions.Resume` in the engine's words: no more than a context can hold, and tokens of this model only. */
export function toResume(
  tokens: readonly GeneratedToken__Output[],
  model: Pick<EngineModelInfo, 'contextSize' | 'vocabularySize'>,
  wants: { readonly logprobs: boolean },
): readonly EngineToken[] {
  if (tokens.length > model.contextSize) {
    throw new AppError('request.invalid', `Resume: ${tokens.length} tokens; the context has ${model.contextSize}`)
  }
  return tokens.map(({ id, logprobs }) => {
    if (id === UNKNOWN_TOKEN) {
      throw new AppError('request.unsupported', 'the answer cannot be continued: one of its tokens is not known')
    }
    if (id < 0 || id >= model.vocabularySize) {
      throw new AppError('request.invalid', `Resume: ${id} is not one of the model's ${model.vocabularySize} tokens`)
    }
    return wants.logprobs && logprobs.length > 0 ? { id, logprob: fromOpenAiLogprob(logprobs) } : { id }
  })
}

/**
 * The seed of an answer that goes on after `resumed` tokens: a sampler can't be wound forward, and one that starts again
 * at the same seed would throw the same dice twice. Pure.
 */
export function seedBehind(seed: number, resumed: number): number {
  return (seed + Math.imul(resumed, GOLDEN_STEP)) >>> 0
}
