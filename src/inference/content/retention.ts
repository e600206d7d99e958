/** One file that is kept. */
export interface KeptFile {
  readonly path: string
  readonly bytes: number
  /** When it was written, as Unix milliseconds. */
  readonly writtenMs: number
}

export interface Retention {
  readonly maxAgeMs: number
  readonly maxBytes: number
}

/** Which files have to go: those that are too old and, while the rest is too much, the oldest. Pure. */
export function filesToRemove(
  files: readonly KeptFile[],
  { maxAgeMs, maxBytes }: Retention,
  nowMs: number,
): readonly KeptFile[] {
  const newestFirst = files.toSorted((left, right) => right.writtenMs - left.writtenMs)
  let keptBytes = 0
  return newestFirst.filter(({ bytes, writtenMs }) => {
    if (nowMs - writtenMs > maxAgeMs || keptBytes + bytes > maxBytes) return true
    keptBytes += bytes
    return false
  })
}
