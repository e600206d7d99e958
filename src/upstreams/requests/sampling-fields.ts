import { AppError } from '../../base/errors.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'
import type { PredictOptions } from '../../grpc/generated/backend/PredictOptions.ts'
import type { Dialect, SamplingWish } from '../dialects.ts'

/** Whom a request is for. */
export interface Addressee {
  readonly upstream: string
  /** As the server calls it. */
  readonly model: string
  readonly dialect: Dialect
}

const WISHES: readonly SamplingWish[] = [
  'TopK',
  'MinP',
  'TypicalP',
  'Penalty',
  'Repeat',
  'IgnoreEOS',
  'TailFreeSamplingZ',
  'NKeep',
  'Mirostat',
  'MirostatETA',
  'MirostatTAU',
]

/** Wishes that no server can be told of over this API, in the words of our own. */
const NOWHERE = [
  ['NegativePrompt', 'negative_prompt'],
  ['NegativePromptScale', 'negative_prompt_scale'],
  ['RopeFreqBase', 'rope_freq_base'],
  ['RopeFreqScale', 'rope_freq_scale'],
  ['Batch', 'batch'],
] as const

const OWN_NAMES: Readonly<Record<SamplingWish, string>> = {
  TopK: 'top_k',
  MinP: 'min_p',
  TypicalP: 'typical_p',
  Penalty: 'repeat_penalty',
  Repeat: 'repeat_last_n',
  IgnoreEOS: 'ignore_eos',
  TailFreeSamplingZ: 'tfz',
  NKeep: 'n_keep',
  Mirostat: 'mirostat',
  MirostatETA: 'mirostat_eta',
  MirostatTAU: 'mirostat_tau',
}

/**
 * How the next token is chosen, in the words of the server. What the request does not say is left to the server's own
 * defaults. Throws `request.unsupported` for a wish that the server has no word for. Pure.
 */
export function samplingFields(predict: PredictOptions, to: Addressee): JsonObject {
  const nowhere = NOWHERE.find(([field]) => isWish(predict[field]))
  if (nowhere !== undefined) throw cannot(to, nowhere[1])
  const fields: Record<string, JsonValue> = {}
  for (const wish of WISHES) {
    const value = predict[wish]
    if (!isWish(value)) continue
    const name = to.dialect.sampling[wish]
    if (name === undefined) throw cannot(to, OWN_NAMES[wish])
    fields[name] = value === true ? true : Number(value)
  }
  const { Temperature, TopP, Seed, Tokens, FrequencyPenalty, PresencePenalty, StopPrompts = [], LogitBias } = predict
  return {
    ...(Temperature === undefined ? {} : { temperature: Number(Temperature) }),
    ...(TopP === undefined ? {} : { top_p: Number(TopP) }),
    ...(Seed === undefined ? {} : { seed: Seed }),
    ...(Tokens === undefined || Tokens <= 0 ? {} : { max_tokens: Tokens }),
    ...(FrequencyPenalty === undefined ? {} : { frequency_penalty: Number(FrequencyPenalty) }),
    ...(PresencePenalty === undefined ? {} : { presence_penalty: Number(PresencePenalty) }),
    ...(StopPrompts.length === 0 ? {} : { stop: [...StopPrompts] }),
    ...(LogitBias === undefined ? {} : { logit_bias: JSON.parse(LogitBias) as JsonValue }),
    ...fields,
  }
}

export function cannot({ upstream, model }: Pick<Addressee, 'upstream' | 'model'>, what: string): AppError {
  return new AppError(
    'request.unsupported',
    `"${what}" cannot be asked of ${model}: upstream ${upstream} does not know it`,
    {
      details: { param: what },
    },
  )
}

function isWish(value: unknown): boolean {
  return value !== undefined && value !== false && value !== ''
}
