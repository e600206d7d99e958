import { AppError } from '../base/errors.ts'
import { NewestMap } from '../base/newest-map.ts'
import { timeLeftMs } from '../base/time-left.ts'

export interface AttemptLimit {
  /** Attempts within `windowMs`. */
  readonly attempts: number
  readonly windowMs: number
}

/** Counts attempts that have not succeeded: by address, by name. */
export interface Attempts {
  /** Counts one. Throws `request.rate-limited`, with the time to wait, when there were too many. */
  begin(key: string): void
  /** The attempt that was counted last was a good one. */
  succeeded(key: string): void
}

/** Whoever makes so many of these pushes out his own first ones. */
const MAX_KEYS = 10_000

interface Window {
  readonly endsAt: number
  count: number
}

/** An attempt counts before its outcome is known, or many at the same time would count as none. */
export function createAttempts({ attempts, windowMs }: AttemptLimit, now: () => number): Attempts {
  const windows = new NewestMap<string, Window>(MAX_KEYS)

  function windowOf(key: string): Window {
    const known = windows.get(key)
    if (known !== undefined && timeLeftMs(known.endsAt, now(), windowMs) > 0) return known
    const window = { endsAt: now() + windowMs, count: 0 }
    windows.set(key, window)
    return window
  }

  return {
    begin(key) {
      const window = windowOf(key)
      if (window.count >= attempts) {
        const details = { retryAfterMs: window.endsAt - now() }
        throw new AppError('request.rate-limited', 'too many failed attempts: wait before the next one', { details })
      }
      window.count += 1
    },
    succeeded(key) {
      const window = windows.get(key)
      if (window !== undefined && window.count > 0) window.count -= 1
    },
  }
}
