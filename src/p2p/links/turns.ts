import { type AbortOptions, raceSignal } from '../../base/signals.ts'

/** Lets only so many run at once; the others wait in the order in which they came. */
export interface Turns {
  /** Rejects as `work` does, with the signal's reason while it waits, or with what `refuse` was given. */
  run<T>(work: () => Promise<T>, options: AbortOptions): Promise<T>
  /** All that wait now fail with this. */
  refuse(error: unknown): void
}

interface Turn extends PromiseWithResolvers<void> {
  isGranted: boolean
}

/** `limit` is asked again whenever somebody has finished. */
export function createTurns(limit: () => number): Turns {
  const waiting = new Set<Turn>()
  let running = 0

  function grant(): void {
    for (const turn of waiting) {
      if (running >= limit()) return
      waiting.delete(turn)
      running += 1
      turn.isGranted = true
      turn.resolve()
    }
  }

  function release(): void {
    running -= 1
    grant()
  }

  async function take(options: AbortOptions): Promise<void> {
    const turn: Turn = { ...Promise.withResolvers<void>(), isGranted: false }
    waiting.add(turn)
    grant()
    try {
      await raceSignal(turn.promise, options.signal)
    } catch (error) {
      waiting.delete(turn)
      if (turn.isGranted) release()
      throw error
    }
  }

  return {
    async run(work, options) {
      await take(options)
      try {
        options.signal?.throwIfAborted()
        return await work()
      } finally {
        release()
      }
    },
    refuse(error) {
      for (const turn of waiting) {
        waiting.delete(turn)
        turn.reject(error)
      }
    },
  }
}
