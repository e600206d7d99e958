import type { AbortOptions } from '../../base/signals.ts'

/** For those who wait until the network is another one than now. */
export interface Changes {
  happened(): void
  /** Resolves at the next change, after that long, or when the signal aborts. */
  next(withinMs: number, options?: AbortOptions): Promise<void>
}

export function createChanges(): Changes {
  const waiting = new Set<() => void>()
  return {
    happened() {
      for (const wake of [...waiting]) wake()
    },
    async next(withinMs, { signal } = {}) {
      if (signal?.aborted === true) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, withinMs)
        function wake(): void {
          clearTimeout(timer)
          signal?.removeEventListener('abort', wake)
          waiting.delete(wake)
          resolve()
        }
        signal?.addEventListener('abort', wake, { once: true })
        waiting.add(wake)
      })
    },
  }
}
