/** Lets one sequence change its cache while the others stand still between two tokens. */
export interface CacheBarrier {
  /** To be awaited before a sequence queues more tokens; undefined when the way is free. */
  pass(): Promise<void> | undefined
  /** Runs `change` as soon as the tokens under way are done; nobody passes meanwhile. */
  exclusive<T>(change: () => Promise<T>): Promise<T>
}

/**
 * node-llama-cpp takes one lock for cutting a sequence's cache and for its loop of passes, and that loop does not end
 * while any sequence has tokens queued: with two or more generations running, a new request would wait for all of them
 * to finish (measured: 3.0 s of 3.0 s). Standing still for one token lets the loop end and the lock change hands.
 */
export function createCacheBarrier(): CacheBarrier {
  let changes = 0
  let open: (() => void) | undefined
  let closed: Promise<void> | undefined
  return {
    pass: () => closed,
    async exclusive(change) {
      changes += 1
      closed ??= new Promise((resolve) => {
        open = resolve
      })
      try {
        return await change()
      } finally {
        changes -= 1
        if (changes === 0) {
          closed = undefined
          open?.()
        }
      }
    },
  }
}
