/** Runs now, or together with others in a moment. */
export type Gather = (wake: () => void) => void

export interface GatherInit {
  /** Streams that get an event in every pass of the model. */
  readonly active: () => number
  /** Fewer streams than this are not kept waiting. */
  readonly from: number
  readonly delayMs: number
}

/**
 * HOT PATH (bench/http-path.ts, 8 streams). llama-server gives each stream its token of one pass on a connection of its
 * own, microseconds apart; answering each by itself wakes this process, the node and the network stack once a stream.
 * The readers of one pass are woken together: when the last of them has its token, or after a millisecond.
 */
export function createGather({ active, from, delayMs }: GatherInit): Gather {
  let waiting: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const wakes = waiting
    waiting = []
    for (const wake of wakes) wake()
  }

  return (wake) => {
    const streams = active()
    if (streams < from) {
      wake()
      return
    }
    waiting.push(wake)
    if (waiting.length >= streams) flush()
    else timer ??= setTimeout(flush, delayMs)
  }
}
