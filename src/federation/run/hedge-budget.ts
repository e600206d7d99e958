/** Extra requests for each that comes; two in a hundred. */
const SHARE = 0.02
/** What may be saved up for a bad moment. */
const MOST_SAVED = 4

export interface HedgeBudget {
  /** A request has come. */
  earn(): void
  /** Gives true and takes one, or gives false. */
  spend(): boolean
}

/**
 * Holds the requests that are sent a second time because the first node is late to two in a hundred (Dean and Barroso, The
 * Tail at Scale, 2013), so that a slow network never makes itself slower.
 */
export function createHedgeBudget(): HedgeBudget {
  let saved = 1
  return {
    earn() {
      saved = Math.min(MOST_SAVED, saved + SHARE)
    },
    spend() {
      if (saved < 1) return false
      saved -= 1
      return true
    },
  }
}
