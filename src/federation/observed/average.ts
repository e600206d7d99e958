/** A moving average and how far values lie from it; both undefined, or 0, before the first. */
export interface Average {
  readonly mean: number | undefined
  readonly deviation: number
}

export const NO_AVERAGE: Average = { mean: undefined, deviation: 0 }

/** Jacobson's estimators (SIGCOMM 1988): `weight` is that of the newest value. */
export function average({ mean, deviation }: Average, value: number, weight: number): Average {
  if (mean === undefined) return { mean: value, deviation: value / 2 }
  const off = value - mean
  return { mean: mean + weight * off, deviation: deviation + weight * (Math.abs(off) - deviation) }
}
