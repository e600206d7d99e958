/** A reading step: it is suspended where the text at hand does not decide yet, and goes on when there is more. */
export type Reading<T> = Generator<undefined, T, undefined>

/**
 * Text that arrives in pieces, read as if it were all there. What a reading finds never depends on where the pieces
 * were cut: it waits until the text decides, or until there is no more.
 */
export interface TextSource {
  append(text: string): void
  end(): void
  /** The next `count` characters, or as many as there are before the end. */
  peek(count: number): Reading<string>
  /** Consumes what `peek` has shown. */
  take(count: number): string
  /** Consumes `marker` when the text goes on with it. */
  takeIf(marker: string): Reading<boolean>
  /** Which of the markers the text goes on with; consumes nothing. No marker may begin with another one. */
  next(markers: readonly string[]): Reading<string | undefined>
  /** Consumes and reports the text before the first of the markers, which stays; undefined when none comes. */
  through(markers: readonly string[], report: (text: string) => void): Reading<string | undefined>
  /** Consumes characters as long as `accepts` holds, reporting them. */
  while(accepts: (character: string) => boolean, report?: (text: string) => void): Reading<void>
  /** Runs a reading; when it answers false without having committed, all it consumed is put back. */
  attempt(reading: () => Reading<boolean>): Reading<boolean>
  /** What has been consumed stays consumed: the attempts that are going on have succeeded, whatever comes. */
  commit(): void
}

/** An attempt that reads more than this without committing fails: what it could put back must not grow without limit. */
const maxAttemptLength = 65_536
const attemptTooLong = Symbol('attempt too long')

export function createTextSource(): TextSource {
  let buffer = ''
  let ended = false
  /** What the attempts that are going on have consumed; undefined when there are none that could fail. */
  let log: string | undefined
  let commits = 0

  function take(count: number): string {
    const taken = buffer.slice(0, count)
    buffer = buffer.slice(count)
    if (log === undefined) return taken
    log += taken
    if (log.length > maxAttemptLength) throw attemptTooLong
    return taken
  }

  function* peek(count: number): Reading<string> {
    while (buffer.length < count && !ended) yield
    return buffer.slice(0, count)
  }

  function* next(markers: readonly string[]): Reading<string | undefined> {
    for (;;) {
      const found = markers.find((marker) => buffer.startsWith(marker))
      if (found !== undefined) return found
      if (ended || !markers.some((marker) => marker.startsWith(buffer))) return undefined
      yield
    }
  }

  function* takeIf(marker: string): Reading<boolean> {
    if ((yield* next([marker])) === undefined) return false
    take(marker.length)
    return true
  }

  function* through(markers: readonly string[], report: (text: string) => void): Reading<string | undefined> {
    for (;;) {
      const at = firstMarker(buffer, markers, ended)
      if (at > 0) report(take(at))
      if (buffer !== '') {
        const found = markers.find((marker) => buffer.startsWith(marker))
        if (found !== undefined) return found
      }
      if (ended) return undefined
      yield
    }
  }

  function* takeWhile(accepts: (character: string) => boolean, report?: (text: string) => void): Reading<void> {
    for (;;) {
      let count = 0
      while (count < buffer.length && accepts(buffer.charAt(count))) count += 1
      const stopped = count < buffer.length
      if (count > 0) {
        const taken = take(count)
        report?.(taken)
      }
      if (stopped || ended) return
      yield
    }
  }

  function* attempt(reading: () => Reading<boolean>): Reading<boolean> {
    const commitsBefore = commits
    const isOutermost = log === undefined
    const start = log?.length ?? 0
    log ??= ''
    const succeeded = yield* unlessTooLong(reading())
    if (commits > commitsBefore) return true
    if (!succeeded) {
      buffer = log.slice(start) + buffer
      log = log.slice(0, start)
    }
    if (isOutermost) log = undefined
    return succeeded
  }

  return {
    append(text) {
      buffer += text
    },
    end() {
      ended = true
    },
    peek,
    take,
    takeIf,
    next,
    through,
    while: takeWhile,
    attempt,
    commit() {
      log = undefined
      commits += 1
    },
  }
}

function* unlessTooLong(reading: Reading<boolean>): Reading<boolean> {
  try {
    return yield* reading
  } catch (thrown) {
    if (thrown === attemptTooLong) return false
    throw thrown
  }
}

/** Where the first marker begins, or may begin when the text goes on; the length of the text when none does. */
function firstMarker(text: string, markers: readonly string[], ended: boolean): number {
  let first = text.length
  for (const marker of markers) {
    const at = text.indexOf(marker)
    if (at >= 0) first = Math.min(first, at)
  }
  if (ended) return first
  for (const marker of markers) {
    for (let size = Math.min(marker.length - 1, text.length); size > 0; size -= 1) {
      if (text.length - size >= first) break
      if (text.endsWith(marker.slice(0, size))) first = text.length - size
    }
  }
  return first
}
