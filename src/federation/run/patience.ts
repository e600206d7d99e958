/** Waits for one thing after the other, for each no longer than it may take. */
export interface Patience {
  /** Gives undefined when it is not there in time. `ready` never rejects. One at a time. */
  wait<T>(ready: Promise<T>, withinMs: number): Promise<T | undefined>
  /** The last call: whoever waits goes on waiting, without end. */
  close(): void
}

const NEVER = Number.POSITIVE_INFINITY

/**
 * HOT PATH (bench/forward.ts): once for each token of a stream. What comes in time puts the end of the wait off; one timer
 * runs for all of it.
 */
export function createPatience({ now }: { readonly now: () => number }): Patience {
  let due = NEVER
  let armedFor = NEVER
  let timer: NodeJS.Timeout | undefined
  let onLate: (() => void) | undefined

  function arm(leftMs: number): void {
    clearTimeout(timer)
    // Timers of Node are a fraction of a millisecond early at times.
    timer = setTimeout(look, Math.ceil(leftMs))
    armedFor = due
  }

  function look(): void {
    timer = undefined
    const leftMs = due - now()
    if (leftMs <= 0) onLate?.()
    else if (leftMs < NEVER) arm(leftMs)
  }

  function end(): void {
    due = NEVER
    onLate = undefined
  }

  return {
    wait: (ready, withinMs) =>
      new Promise((resolve) => {
        due = now() + withinMs
        if (timer === undefined || due < armedFor) arm(withinMs)
        const late = (): void => {
          end()
          resolve(undefined)
        }
        onLate = late
        void ready.then((value) => {
          // What comes late must not end the wait for something else.
          if (onLate === late) end()
          resolve(value)
        })
      }),
    close() {
      end()
      clearTimeout(timer)
      timer = undefined
    },
  }
}
