export interface BackOff {
  readonly firstMs: number
  readonly factor: number
  readonly mostMs: number
}

/** What to wait after the given number of failures, give or take a quarter, so that a herd comes apart. `dice`: [0, 1). */
export function backOffMs({ firstMs, factor, mostMs }: BackOff, failures: number, dice: number): number {
  const wait = Math.min(mostMs, firstMs * factor ** Math.max(0, failures - 1))
  return wait * (0.75 + dice / 2)
}
