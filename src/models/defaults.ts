import type { GgufSummary } from './gguf/summarize-gguf.ts'

/** What applies to every model that does not say otherwise. */
export interface ModelDefaults {
  readonly threads?: number
  readonly contextSize?: number
  readonly f16?: boolean
  /** False: what the configuration does not say is not guessed from the model's file. */
  readonly guessing?: boolean
  /** Which reading of the models folder this is; absent: the first. */
  readonly revision?: number
}

/**
 * The most context a model gets unasked. LocalAI gives all that it was trained for, which for today's models is a
 * hundred thousand tokens and more, and many gigabytes of memory before the first answer.
 */
export const DEFAULT_CONTEXT_LIMIT = 8192

const GRPC_ATTEMPTS = 20
const GRPC_ATTEMPT_SECONDS = 2

/** Undefined when neither anyone nor the file says; then the engine decides. */
export function contextSize(
  configured: number | undefined,
  defaults: ModelDefaults,
  gguf: GgufSummary | undefined,
): number | undefined {
  const wanted = positive(configured) ?? positive(defaults.contextSize)
  if (wanted !== undefined) return wanted
  const trained = positive(gguf?.contextLength)
  return trained === undefined ? undefined : Math.min(trained, DEFAULT_CONTEXT_LIMIT)
}

/** LocalAI asks a starting backend a number of times, with a pause between; we wait as long in all. */
export function readyTimeoutMs(
  grpc: { readonly attempts?: number; readonly attempts_sleep_time?: number } = {},
): number {
  const attempts = positive(grpc.attempts) ?? GRPC_ATTEMPTS
  return attempts * (positive(grpc.attempts_sleep_time) ?? GRPC_ATTEMPT_SECONDS) * 1000
}

/** Zero means "not said" in LocalAI's configurations. */
export function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}
