import { AppError } from '../base/errors.ts'
import { jsonObjectGbnf } from '../grammar/json-rules.ts'
import { jsonSchemaToGbnf } from '../grammar/json-schema-to-gbnf.ts'
import type { PredictOptions } from '../grpc/generated/backend/PredictOptions.ts'
import type { ModelConfig } from '../models/model-config.ts'
import { defined } from './defined.ts'
import type { ResponseFormat, Sampling } from './request.ts'

/** LocalAI's own defaults for what neither the request nor the model's configuration says. */
const DEFAULTS = { temperature: 0.9, topP: 0.95, topK: 40, typicalP: 1 } as const

/** One more than the largest seed the wire can carry. */
const SEED_RANGE = 2 ** 31

/** How the next token is chosen: the request over the model's configuration over LocalAI's defaults. */
export function samplingOptions(sampling: Sampling, config: ModelConfig, random: () => number): PredictOptions {
  const configured = config.parameters
  const logitBias = sampling.logitBias ?? configured.logitBias
  const optional = {
    Tokens: sampling.maxTokens ?? configured.maxTokens,
    MinP: sampling.minP ?? configured.minP,
    Penalty: sampling.repeatPenalty ?? configured.repeatPenalty,
    Repeat: sampling.repeatLastN ?? configured.repeatLastN,
    FrequencyPenalty: sampling.frequencyPenalty ?? configured.frequencyPenalty,
    PresencePenalty: sampling.presencePenalty ?? configured.presencePenalty,
    IgnoreEOS: sampling.ignoreEos ?? configured.ignoreEos,
    LogitBias: logitBias === undefined ? undefined : JSON.stringify(logitBias),
    ...rareOptions(sampling, config),
    ...(sampling.topLogprobs === undefined ? {} : { Logprobs: 1, TopLogprobs: sampling.topLogprobs }),
  }
  const StopPrompts = [...new Set([...config.stopWords, ...(sampling.stop ?? [])])].filter((word) => word !== '')
  if (config.attached !== undefined) return { ...defined(optional), ...saidOnly(sampling), StopPrompts }
  return {
    ...defined(optional),
    StopPrompts,
    Temperature: sampling.temperature ?? configured.temperature ?? DEFAULTS.temperature,
    TopP: sampling.topP ?? configured.topP ?? DEFAULTS.topP,
    TopK: sampling.topK ?? configured.topK ?? DEFAULTS.topK,
    TypicalP: sampling.typicalP ?? configured.typicalP ?? DEFAULTS.typicalP,
    Seed: wireSeed(sampling.seed ?? configured.seed ?? -1, random),
  }
}

/** A server of its own has its own defaults. */
function saidOnly({ temperature, topP, topK, typicalP, seed }: Sampling): PredictOptions {
  const Seed = seed === undefined || seed < 0 ? undefined : seed % SEED_RANGE
  return defined({ Temperature: temperature, TopP: topP, TopK: topK, TypicalP: typicalP, Seed })
}

/** What only some backends have a use for. */
function rareOptions(sampling: Sampling, { prediction = {} }: ModelConfig) {
  const negative = prediction.negative_prompt
  return {
    TailFreeSamplingZ: sampling.tailFreeZ ?? prediction.tfz,
    NKeep: sampling.keepTokens ?? prediction.n_keep,
    Batch: sampling.batch,
    Mirostat: sampling.mirostat ?? prediction.mirostat,
    MirostatETA: sampling.mirostatEta ?? prediction.mirostat_eta,
    MirostatTAU: sampling.mirostatTau ?? prediction.mirostat_tau,
    NegativePrompt: sampling.negativePrompt ?? (negative === undefined ? undefined : String(negative)),
    NegativePromptScale: sampling.negativePromptScale ?? prediction.negative_prompt_scale,
    RopeFreqBase: sampling.ropeFreqBase ?? prediction.rope_freq_base,
    RopeFreqScale: sampling.ropeFreqScale ?? prediction.rope_freq_scale,
    NDraft: prediction.n_draft,
  }
}

/** Negative means random, and the dice are thrown here: to some backends -1 is a seed like any other. */
function wireSeed(seed: number, random: () => number): number {
  return seed < 0 ? Math.floor(random() * SEED_RANGE) : seed % SEED_RANGE
}

/** What the answer must match, unless its tools say more. */
export function grammarOption(
  sampling: Sampling,
  format: ResponseFormat | undefined,
  config: ModelConfig,
): Pick<PredictOptions, 'Grammar' | 'ResponseFormat'> {
  const constrained = format !== undefined && format.type !== 'text'
  if (sampling.grammar !== undefined) {
    if (constrained) throw new AppError('request.invalid', 'give either grammar or response_format, not both')
    return { Grammar: sampling.grammar }
  }
  if (config.attached !== undefined && format !== undefined && constrained)
    return { ResponseFormat: formatText(format) }
  if (format?.type === 'json-object') return { Grammar: jsonObjectGbnf() }
  if (format?.type === 'json-schema') return { Grammar: jsonSchemaToGbnf(format.schema) }
  return config.grammar === undefined ? {} : { Grammar: config.grammar }
}

/** As OpenAI's API writes it. */
function formatText(format: ResponseFormat): string {
  if (format.type !== 'json-schema') return JSON.stringify({ type: 'json_object' })
  const { schema } = format
  return JSON.stringify({ type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } })
}
