import { randomInt } from 'node:crypto'
import { type LlamaModel, type SequenceEvaluateOptions, type Token, TokenBias } from 'node-llama-cpp'
import { AppError } from '../../../base/errors.ts'
import { type EngineSampling, LAST_CHOICE_BIAS } from '../engine.ts'

/** llama.cpp's own default, and what LocalAI documents. */
const DEFAULT_REPEAT_LAST_N = 64
/** llama.cpp takes 0xFFFFFFFF for "choose one". */
const SEEDS = 0xffff_ffff

export interface SamplingContext {
  readonly model: LlamaModel
  /** The last `count` tokens, prompt included. */
  readonly lastTokens: (count: number) => readonly number[]
  readonly endTokens: () => readonly number[]
  readonly hasGrammar: boolean
  readonly contextSize: number
}

type SamplingOptions = Pick<
  SequenceEvaluateOptions,
  'temperature' | 'topP' | 'topK' | 'minP' | 'seed' | 'repeatPenalty' | 'tokenBias'
>

/** Says every value outright: node-llama-cpp's own defaults (top-k 40, top-p 0.95, a seed per second) are not neutral. */
export function toSamplingOptions(sampling: EngineSampling, context: SamplingContext): SamplingOptions {
  if (sampling.typicalP !== undefined && sampling.typicalP !== 1) {
    throw new AppError('backend.unsupported', 'node-llama-cpp has no typical-p sampling')
  }
  const bias = tokenBias(sampling, context)
  const penalty = repeatPenalty(sampling, context)
  return {
    temperature: sampling.temperature,
    topP: sampling.topP ?? 1,
    topK: sampling.topK ?? 0,
    minP: sampling.minP ?? 0,
    seed: sampling.seed ?? randomInt(SEEDS),
    ...(penalty === undefined ? {} : { repeatPenalty: penalty }),
    ...(bias === undefined ? {} : { tokenBias: bias }),
  }
}

function repeatPenalty(sampling: EngineSampling, context: SamplingContext): SamplingOptions['repeatPenalty'] {
  const penalty = sampling.repeatPenalty ?? 1
  const frequencyPenalty = sampling.frequencyPenalty ?? 0
  const presencePenalty = sampling.presencePenalty ?? 0
  if (penalty === 1 && frequencyPenalty === 0 && presencePenalty === 0) return undefined
  const asked = sampling.repeatLastN ?? DEFAULT_REPEAT_LAST_N
  const lastN = asked < 0 ? context.contextSize : Math.min(asked, context.contextSize)
  return {
    penalty,
    frequencyPenalty,
    presencePenalty,
    maxPunishTokens: lastN,
    punishTokens: () => context.lastTokens(lastN) as Token[],
  }
}

function tokenBias(sampling: EngineSampling, context: SamplingContext): TokenBias | undefined {
  const wanted = new Map(sampling.logitBias ?? [])
  const endBias = context.hasGrammar ? LAST_CHOICE_BIAS : Number.NEGATIVE_INFINITY
  if (sampling.ignoreEos) for (const token of context.endTokens()) wanted.set(token, endBias)
  if (wanted.size === 0) return undefined
  const bias = TokenBias.for(context.model)
  // NOTE: TokenBias.set() skips the tokens that end generation without a word, so the values go in directly.
  const values: unknown = Reflect.get(bias, '_biases')
  if (!(values instanceof Map)) throw new AppError('backend.unsupported', 'this node-llama-cpp takes no token bias')
  for (const [token, logit] of wanted) values.set(token, logit)
  return bias
}
