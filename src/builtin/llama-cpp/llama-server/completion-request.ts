import { type EngineModelInfo, type EngineSampling, type GenerateRequest, LAST_CHOICE_BIAS } from '../engine.ts'
import type { ServerFacts } from './server-info.ts'

/** llama.cpp's own default, and what LocalAI documents. */
const DEFAULT_REPEAT_LAST_N = 64

/** What the last event of a stream must say; left alone it repeats the prompt and every setting. */
const FINAL_FIELDS = [
  'stop',
  'stop_type',
  'tokens_predicted',
  'tokens_evaluated',
  'timings/cache_n',
  'timings/prompt_ms',
  'timings/predicted_ms',
]

/** A request whose prompt may be tokens already. */
export type CompletionPrompt = Omit<GenerateRequest, 'prompt'> & { readonly prompt: string | readonly number[] }

/**
 * The body of POST /completion. Pure. Says every value outright: llama-server's own defaults (top-k 40, top-p 0.95,
 * min-p 0.05) are not neutral. Stop strings are not sent: llama-server forgets the text it holds back for one when the
 * answer ends at its length, so they are found on this side; for that the progress of the prompt is asked for, too.
 */
export function toCompletionBody(
  request: CompletionPrompt,
  { info, endTexts }: Pick<ServerFacts, 'info' | 'endTexts'>,
): string {
  const { topLogprobs, grammar } = request
  return JSON.stringify({
    prompt: typeof request.prompt === 'string' ? toPrompt(request.prompt, info) : request.prompt,
    n_predict: request.maxTokens > 0 ? request.maxTokens : -1,
    stream: true,
    cache_prompt: true,
    response_fields: FINAL_FIELDS,
    ...toSampling(request.sampling, info),
    ...toBiases(request, [...endTexts.keys()]),
    ...(request.stop.length > 0 ? { return_progress: true } : {}),
    ...(grammar === undefined ? {} : { grammar }),
    ...(topLogprobs === undefined ? {} : { n_probs: Math.max(1, topLogprobs) }),
  })
}

/** llama-server puts the beginning-of-sequence token in front itself, even of a text that already has it. */
export function toPrompt(text: string, { bosToken, addsBos }: EngineModelInfo): string {
  if (text === '') return addsBos ? '' : bosToken
  return addsBos && bosToken !== '' && text.startsWith(bosToken) ? text.slice(bosToken.length) : text
}

function toSampling(sampling: EngineSampling, info: EngineModelInfo): Record<string, unknown> {
  const lastN = sampling.repeatLastN ?? DEFAULT_REPEAT_LAST_N
  return {
    ...(sampling.temperature > 0 ? randomChoice(sampling) : greedyChoice),
    frequency_penalty: sampling.frequencyPenalty ?? 0,
    presence_penalty: sampling.presencePenalty ?? 0,
    repeat_penalty: sampling.repeatPenalty ?? 1,
    repeat_last_n: lastN < 0 ? info.contextSize : lastN,
  }
}

function toBiases({ sampling, grammar }: CompletionPrompt, endTokens: readonly number[]): Record<string, unknown> {
  const { logitBias = [], ignoreEos } = sampling
  const isLastChoice = ignoreEos && grammar !== undefined
  const last = isLastChoice ? endTokens.map((token) => [token, LAST_CHOICE_BIAS] as const) : []
  const biases = [...new Map([...logitBias, ...last])]
  const written = biases.map(([token, value]) => [token, Number.isFinite(value) ? value : false])
  return {
    ...(written.length > 0 ? { logit_bias: written } : {}),
    ...(ignoreEos && !isLastChoice ? { ignore_eos: true } : {}),
  }
}

/** One candidate: without the cut, the whole vocabulary would be sorted and weighed for nothing. */
const greedyChoice = { temperature: 0, samplers: ['penalties', 'top_k'], top_k: 1 }

function randomChoice(sampling: EngineSampling): Record<string, unknown> {
  return {
    temperature: sampling.temperature,
    top_k: sampling.topK ?? 0,
    top_p: sampling.topP ?? 1,
    min_p: sampling.minP ?? 0,
    typical_p: sampling.typicalP ?? 1,
    ...(sampling.seed === undefined ? {} : { seed: sampling.seed }),
  }
}
