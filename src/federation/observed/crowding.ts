/** How the time of a token grows with the requests that run beside: a line through what was seen, newer points weighing more. */
export interface Crowding {
  readonly meanOthers: number
  readonly meanMs: number
  readonly variance: number
  readonly covariance: number
}

/** Until it was seen: each further request that runs slows the others by this share. */
export const USUAL_CROWDING = 0.15
/** The line is held to the usual slope as strongly as by points of this variance. */
const HOLD = 0.5
const MOST = 4

export function addPoint(
  before: Crowding | undefined,
  point: { readonly others: number; readonly ms: number },
  weight: number,
): Crowding {
  if (before === undefined) return { meanOthers: point.others, meanMs: point.ms, variance: 0, covariance: 0 }
  const offOthers = point.others - before.meanOthers
  const offMs = point.ms - before.meanMs
  const rest = 1 - weight
  return {
    meanOthers: before.meanOthers + weight * offOthers,
    meanMs: before.meanMs + weight * offMs,
    variance: rest * (before.variance + weight * offOthers * offOthers),
    covariance: rest * (before.covariance + weight * offOthers * offMs),
  }
}

/** The time of a token with nobody beside, and what share of it each one beside adds. */
export function lineOf({ meanOthers, meanMs, variance, covariance }: Crowding): {
  readonly aloneMs: number
  readonly crowding: number
} {
  const usualSlope = (USUAL_CROWDING * meanMs) / (1 + USUAL_CROWDING * meanOthers)
  const slope = Math.max(0, (covariance + HOLD * usualSlope) / (variance + HOLD))
  const aloneMs = Math.max(meanMs / (1 + MOST * meanOthers), meanMs - slope * meanOthers)
  return { aloneMs, crowding: aloneMs > 0 ? Math.min(MOST, slope / aloneMs) : 0 }
}
