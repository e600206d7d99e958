const MEBIBYTE = 2 ** 20
/** Of what is free: the rest is for the caches of files, and for what the machine's own programs want next. */
const SHARE = 0.8
const STEP_BYTES = 64 * MEBIBYTE
/** Below it no part of a model is worth the way. */
const LEAST_BYTES = 64 * MEBIBYTE

/** What a machine can lend now: as much as was set, or a share of what is free, and never more than is free. Pure. */
export function lendableBytes(freeBytes: number, setBytes: number | undefined): number {
  const bytes = setBytes === undefined ? freeBytes * SHARE : Math.min(setBytes, freeBytes)
  return bytes < LEAST_BYTES ? 0 : Math.floor(bytes)
}

/** What is told of it: every change goes to all members, so small ones are none. Pure. */
export function steadyBytes(toldBytes: number | undefined, nowBytes: number): number {
  const now = nowBytes < STEP_BYTES ? nowBytes : Math.floor(nowBytes / STEP_BYTES) * STEP_BYTES
  if (toldBytes === undefined || toldBytes === 0 || now === 0) return now
  return Math.abs(now - toldBytes) <= toldBytes / 10 ? toldBytes : now
}
