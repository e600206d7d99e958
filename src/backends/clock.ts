import { LONGEST_TIMER_MS } from '../base/longest-timer.ts'

/** Time as a collaborator, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number
  /** Calls back again and again until the returned function is called. Keeps no process alive. */
  every(intervalMs: number, callback: () => void): () => void
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  every(intervalMs, callback) {
    const timer = setInterval(callback, Math.min(intervalMs, LONGEST_TIMER_MS))
    timer.unref()
    return () => clearInterval(timer)
  },
}
