/** When a server is looked at next. */
export interface PollingInit {
  /** While it answers. */
  readonly everyMs: number
  /** After the first failure; doubles to `longestMs`. */
  readonly firstMs: number
  readonly longestMs: number
}

export const POLLING_DEFAULTS: PollingInit = { everyMs: 15_000, firstMs: 500, longestMs: 30_000 }

/** Milliseconds until the next look; with dice, so that many nodes do not ask together. `failures`: in a row. Pure. */
export function nextLookMs(failures: number, init: PollingInit, random: () => number): number {
  const { everyMs, firstMs, longestMs } = init
  const ms = failures === 0 ? everyMs : Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 16))
  return ms * (0.8 + 0.4 * random())
}
