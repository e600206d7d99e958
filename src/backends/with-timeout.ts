import { LONGEST_TIMER_MS } from '../base/longest-timer.ts'
import { type AbortOptions, anySignal } from '../base/signals.ts'

export interface TimeoutInit extends AbortOptions {
  readonly timeoutMs: number
  /** What the work's signal aborts with when the time is up. */
  readonly reason: () => Error
}

/** Gives `work` a signal that aborts when the caller's does, when the time is up and, for what it left, at its end. */
export async function withTimeout<T>(work: (signal: AbortSignal) => Promise<T>, init: TimeoutInit): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(init.reason()), Math.min(init.timeoutMs, LONGEST_TIMER_MS))
  try {
    return await work(anySignal(late.signal, init.signal))
  } finally {
    clearTimeout(timer)
    late.abort()
  }
}

/** Settles as `promise` does within the time, else with undefined. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), Math.min(timeoutMs, LONGEST_TIMER_MS))
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
