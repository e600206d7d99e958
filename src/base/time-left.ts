/**
 * What is left at `now` of a time that ends at `until` and is `longestMs` long at most; 0 when it is over. More than all of it
 * can only be left when the system's clock went back since it began: then it is over as well.
 */
export function timeLeftMs(until: number, now: number, longestMs: number): number {
  const leftMs = until - now
  return leftMs > longestMs ? 0 : Math.max(0, leftMs)
}
