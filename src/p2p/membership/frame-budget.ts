/** How many frames a peer may send: far above what it has to say, far below what would keep this node busy. */
export interface FrameBudget {
  /** False when the peer has used up what it had. `now` is monotonic. */
  spend(now: number): boolean
}

export interface FrameBudgetInit {
  readonly burst: number
  readonly perSecond: number
}

/** Of one link: a snapshot of a large network at once, then this many a second. */
const OF_LINK: FrameBudgetInit = { burst: 4096, perSecond: 100 }

export function createFrameBudget({ burst, perSecond } = OF_LINK): FrameBudget {
  let left = burst
  let at: number | undefined
  return {
    spend(now) {
      left = Math.min(burst, left + ((now - (at ?? now)) / 1000) * perSecond)
      at = now
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
