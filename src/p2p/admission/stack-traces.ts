/**
 * The decoder below Noise asks for the next message until it throws a `RangeError`, once for each piece that comes. What
 * that costs is the stack trace: 3 µs in a busy process, 0.2 ms in one whose caches are cold, as between two tokens.
 */
export function withoutStackTraces(work: () => void): void {
  if (Error.stackTraceLimit > 0) usualLimit = Error.stackTraceLimit
  withLimit(0, work)
}

/** For what is called from there and is ours again. */
export function withStackTraces(work: () => void): void {
  if (Error.stackTraceLimit > 0) work()
  else withLimit(usualLimit, work)
}

let usualLimit = 10

function withLimit(limit: number, work: () => void): void {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = limit
  try {
    work()
  } finally {
    Error.stackTraceLimit = before
  }
}
