import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { PredictOptions__Output } from '../../grpc/generated/backend/PredictOptions.ts'
import { parseBoundedJson } from './bounded-json.ts'
import type { EngineSampling, GenerateRequest } from './engine.ts'

/** Repetition penalties look this far back unless the request says otherwise. */
const DEFAULT_REPEAT_LAST_N = 64
const MOST_STOPS = 256
const LONGEST_STOP = 4096
const LONGEST_GRAMMAR = 2 * 1024 * 1024
const DEEPEST_GRAMMAR = 128
const MOST_BIASES = 100_000
const MOST_TOP_LOGPROBS = 100

/** Everything of a generation but the prompt, which is either given or rendered. */
export type GenerationSettings = Omit<GenerateRequest, 'prompt'>

/** Proto3 has no absent numbers: 0 means "not said", and what is neutral then is left out. */
export function toGenerationSettings(request: PredictOptions__Output): GenerationSettings {
  refuseMedia(request)
  const wantsLogprobs = request.Logprobs > 0 || request.TopLogprobs > 0
  return {
    maxTokens: Math.max(0, request.Tokens),
    sampling: toSampling(request),
    stop: readStops(request.StopPrompts),
    ...(request.Grammar === '' ? {} : { grammar: readGrammar(request.Grammar) }),
    ...(wantsLogprobs ? { topLogprobs: Math.min(Math.max(0, request.TopLogprobs), MOST_TOP_LOGPROBS) } : {}),
  }
}

function toSampling(request: PredictOptions__Output): EngineSampling {
  const { TopP, TopK, MinP, TypicalP, Seed, Penalty, Repeat, FrequencyPenalty, PresencePenalty } = request
  const penalises = (Penalty !== 0 && Penalty !== 1) || FrequencyPenalty !== 0 || PresencePenalty !== 0
  const logitBias = readLogitBias(request.LogitBias)
  return {
    temperature: Math.max(0, request.Temperature),
    ignoreEos: request.IgnoreEOS,
    ...(TopP > 0 && TopP < 1 ? { topP: TopP } : {}),
    ...(TopK > 0 ? { topK: TopK } : {}),
    ...(MinP > 0 ? { minP: MinP } : {}),
    ...(TypicalP > 0 && TypicalP !== 1 ? { typicalP: TypicalP } : {}),
    ...(Seed >= 0 ? { seed: Seed } : {}),
    ...(Penalty !== 0 && Penalty !== 1 ? { repeatPenalty: Penalty } : {}),
    ...(FrequencyPenalty === 0 ? {} : { frequencyPenalty: FrequencyPenalty }),
    ...(PresencePenalty === 0 ? {} : { presencePenalty: PresencePenalty }),
    ...(penalises ? { repeatLastN: Repeat === 0 ? DEFAULT_REPEAT_LAST_N : Repeat } : {}),
    ...(logitBias.size > 0 ? { logitBias } : {}),
  }
}

function refuseMedia(request: PredictOptions__Output): void {
  for (const kind of ['Images', 'Videos', 'Audios'] as const) {
    if (request[kind].length === 0) continue
    throw new AppError('request.unsupported', `this model takes text only; the request carries ${kind.toLowerCase()}`)
  }
}

function readStops(stops: readonly string[]): readonly string[] {
  if (stops.length > MOST_STOPS) throw new AppError('request.invalid', `more than ${MOST_STOPS} stop strings`)
  if (stops.some((stop) => stop.length > LONGEST_STOP)) {
    throw new AppError('request.invalid', `a stop string is longer than ${LONGEST_STOP} characters`)
  }
  return stops.filter((stop) => stop !== '')
}

function readGrammar(grammar: string): string {
  if (grammar.length > LONGEST_GRAMMAR) {
    throw new AppError('request.invalid', `the grammar is longer than ${LONGEST_GRAMMAR} characters`)
  }
  if (nestingOf(grammar) > DEEPEST_GRAMMAR) {
    throw new AppError('request.invalid', `the grammar nests more than ${DEEPEST_GRAMMAR} groups`)
  }
  return grammar
}

/** How deep the groups of a GBNF text nest; llama.cpp's parser calls itself for each and dies of too many. */
function nestingOf(grammar: string): number {
  // Strings, character classes and comments may hold parentheses that open nothing.
  const groups = grammar.replace(/"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\n]*/g, '')
  let depth = 0
  let deepest = 0
  for (const character of groups) {
    if (character === '(') depth += 1
    else if (character === ')') depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

/** A JSON object from token id to bias; `false` forbids the token, as in llama.cpp. */
function readLogitBias(text: string): ReadonlyMap<number, number> {
  if (text.trim() === '') return new Map()
  const biases = parseBoundedJson(text, 'logit_bias')
  if (!isObject(biases)) throw new AppError('request.invalid', 'logit_bias: not a JSON object')
  const entries = Object.entries(biases)
  if (entries.length > MOST_BIASES) throw new AppError('request.invalid', `logit_bias: more than ${MOST_BIASES} tokens`)
  return new Map(
    entries.map(([id, value]) => {
      const token = Number(id)
      const bias = value === false ? Number.NEGATIVE_INFINITY : value
      if (/^\d+$/.test(id) && Number.isSafeInteger(token) && typeof bias === 'number') return [token, bias]
      throw new AppError('request.invalid', 'logit_bias: every entry is a token id with a number')
    }),
  )
}
