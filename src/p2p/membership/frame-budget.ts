/** How many frames a peer may send: far above what the protocol has to say, far below what would keep this node busy. */
export interface FrameBudget {
  /** False when the peer has used up what it had. `now` is monotonic. */
  spend(now: number): boolean
}

/** A snapshot of a large network at once, then this many a second. */
const BURST = 4096
const PER_SECOND = 100

export function createFrameBudget(): FrameBudget {
  let left = BURST
  let at: number | undefined
  return {
    spend(now) {
      left = Math.min(BURST, left + ((now - (at ?? now)) / 1000) * PER_SECOND)
      at = now
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
