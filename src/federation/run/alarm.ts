/** Rings once at a time that is put off again and again: one timer for all of it, instead of one for each piece of an answer. */
export interface Alarm {
  /** From now on it rings so many milliseconds later, unless it is put off; `undefined`: not at all. */
  set(withinMs: number | undefined): void
  /** It never rings again. */
  close(): void
}

/** HOT PATH (bench/forward.ts): once for each token of a stream. `ring` is called from a timer. */
export function createAlarm({ now, ring }: { readonly now: () => number; readonly ring: () => void }): Alarm {
  let due = Number.POSITIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let armedFor = Number.POSITIVE_INFINITY

  function arm(leftMs: number): void {
    // Timers of Node are a fraction of a millisecond early at times.
    timer = setTimeout(look, Math.ceil(leftMs))
    armedFor = due
  }

  function look(): void {
    timer = undefined
    const leftMs = due - now()
    if (leftMs <= 0) {
      due = Number.POSITIVE_INFINITY
      ring()
    } else if (leftMs < Number.POSITIVE_INFINITY) arm(leftMs)
  }

  function disarm(): void {
    clearTimeout(timer)
    timer = undefined
  }

  return {
    set(withinMs) {
      due = withinMs === undefined ? Number.POSITIVE_INFINITY : now() + withinMs
      if (withinMs === undefined) return
      if (timer !== undefined && armedFor <= due) return
      disarm()
      arm(withinMs)
    },
    close() {
      due = Number.POSITIVE_INFINITY
      disarm()
    },
  }
}
