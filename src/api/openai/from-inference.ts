import type { InferenceEvent, TokenLogprob } from '../../inference/events.ts'
import type { Logprobs, Usage } from './response-schema.ts'

/** What all pieces of one answer have in common. */
export interface AnswerHead {
  readonly id: string
  /** Unix seconds. */
  readonly created: number
  /** As the request named it. */
  readonly model: string
  readonly fingerprint: string
}

type Finish = Extract<InferenceEvent, { type: 'finish' }>

export interface UsageSum {
  /** `prompt`: the number of the prompt that this generation answered; each is counted once. */
  add(finish: Finish, prompt: number): void
  total(): Usage
}

export function createUsageSum(init: { readonly withTimings: boolean }): UsageSum {
  const prompts = new Map<number, Finish>()
  let completionTokens = 0
  let generationMs = 0
  return {
    add(finish, prompt) {
      if (!prompts.has(prompt)) prompts.set(prompt, finish)
      completionTokens += finish.usage.completionTokens
      generationMs += finish.timings.generationMs
    },
    total() {
      const promptTokens = sum(prompts, ({ usage }) => usage.promptTokens)
      return {
        prompt_tokens: promptTokens,
        completion_tokens: completionTokens,
        total_tokens: promptTokens + completionTokens,
        prompt_tokens_details: { cached_tokens: sum(prompts, ({ usage }) => usage.cachedTokens) },
        ...(init.withTimings
          ? {
              timing_prompt_processing: sum(prompts, ({ timings }) => timings.promptMs),
              timing_token_generation: generationMs,
            }
          : {}),
      }
    },
  }
}

function sum(finishes: ReadonlyMap<number, Finish>, pick: (finish: Finish) => number): number {
  return [...finishes.values()].reduce((total, finish) => total + pick(finish), 0)
}

export function toLogprobs(tokens: readonly TokenLogprob[]): Logprobs {
  return {
    content: tokens.map(({ token, logprob, bytes, top }) => ({
      token,
      logprob,
      bytes: [...bytes],
      top_logprobs: top.map((alternative) => ({ ...alternative, bytes: [...alternative.bytes] })),
    })),
  }
}
