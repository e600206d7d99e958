export interface RetryBudgetInit {
  /** Further tries that all requests together may make in a second, in the long run. */
  readonly perSecond: number
  /** And at once. */
  readonly burst: number
}

/**
 * Keeps a failing network from being asked several times for every request. Gives true and takes one, or gives false.
 * A token bucket.
 */
export function createRetryBudget(now: () => number, { perSecond, burst }: RetryBudgetInit): () => boolean {
  let tokens = burst
  let filledAt = now()
  return () => {
    const at = now()
    tokens = Math.min(burst, tokens + ((at - filledAt) / 1000) * perSecond)
    filledAt = at
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}
