import { AppError } from '../base/errors.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'

export interface Turns {
  /** Does the work when it is its turn. Throws `request.rate-limited` when too many wait already. */
  take<T>(work: () => Promise<T>, options?: AbortOptions): Promise<T>
}

/** So much work at a time, and a bounded number of those who wait for it. */
export function createTurns({ atOnce, waiting }: { readonly atOnce: number; readonly waiting: number }): Turns {
  const queue: (() => void)[] = []
  let running = 0

  async function wait({ signal }: AbortOptions): Promise<void> {
    if (queue.length >= waiting) {
      const details = { retryAfterMs: 2000 }
      throw new AppError('request.rate-limited', 'too many sign-ins at once: try again soon', { details })
    }
    const turn = Promise.withResolvers<void>()
    queue.push(turn.resolve)
    try {
      await raceSignal(turn.promise, signal)
    } catch (error) {
      const place = queue.indexOf(turn.resolve)
      if (place === -1) passOn()
      else queue.splice(place, 1)
      throw error
    }
  }

  /** The place goes to the next in the queue without becoming free in between. */
  function passOn(): void {
    const next = queue.shift()
    if (next === undefined) running -= 1
    else next()
  }

  return {
    async take(work, options = {}) {
      options.signal?.throwIfAborted()
      if (running < atOnce) running += 1
      else await wait(options)
      try {
        return await work()
      } finally {
        passOn()
      }
    },
  }
}
