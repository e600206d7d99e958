/** What is decided about visits, without doing any. */
export interface VisitPlan {
  /** Between two good visits. */
  readonly intervalMs: number
  /** Failures that a network may have in a row; with one more it is taken off the list. */
  readonly threshold: number
}

const FACTOR = 4
const MOST_MS = 60 * 60_000
/** So that networks that were added together do not stay together. */
const SPREAD = 0.2

/** After so many failures in a row; 0 after a good visit. `random` is in [0, 1). */
export function waitMs({ intervalMs }: VisitPlan, failures: number, random: number): number {
  const longest = Math.max(intervalMs, MOST_MS)
  const wait = failures === 0 ? intervalMs : Math.min(longest, intervalMs * FACTOR ** (failures - 1))
  return Math.round(wait * (1 - SPREAD / 2 + SPREAD * random))
}

export function isGivenUp({ threshold }: VisitPlan, failures: number): boolean {
  return failures > threshold
}
