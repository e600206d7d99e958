import { isObject } from '../../base/json.ts'
import type { Reply__Output } from '../../grpc/generated/backend/Reply.ts'

export interface Counted {
  promptTokens: number
  completionTokens: number
  cachedTokens: number | undefined
  promptMs: number
  generationMs: number
}

/** Takes what an event tells of tokens and times: `usage` is OpenAI's, `timings` llama-server's. */
export function count(event: Record<string, unknown>, counted: Counted): void {
  const { usage, timings } = event
  if (isObject(usage)) {
    counted.promptTokens = natural(usage['prompt_tokens']) ?? counted.promptTokens
    counted.completionTokens = natural(usage['completion_tokens']) ?? counted.completionTokens
    const details = usage['prompt_tokens_details']
    if (isObject(details)) counted.cachedTokens = natural(details['cached_tokens']) ?? counted.cachedTokens
  }
  if (isObject(timings)) {
    counted.promptMs = positive(timings['prompt_ms']) ?? counted.promptMs
    counted.generationMs = positive(timings['predicted_ms']) ?? counted.generationMs
  }
}

/** The last reply of an answer: what it took. */
export function toCounters(counted: Counted): Partial<Reply__Output> {
  return {
    tokens: counted.completionTokens,
    prompt_tokens: counted.promptTokens,
    timing_prompt_processing: counted.promptMs,
    timing_token_generation: counted.generationMs,
  }
}

/** Wire counters are 32-bit. */
export function natural(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : undefined
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined
}
