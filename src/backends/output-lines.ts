import { StringDecoder } from 'node:string_decoder'

export interface LineSplitter {
  write(chunk: Buffer): void
  /** The output has ended: what is left is a line, too. */
  end(): void
}

/** Terminal colours and other control characters, which have no business in a log. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const CONTROL = /\u001b\[[0-9;]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g

/** Cuts output into lines of at most `maxLength` characters; a longer line becomes several. Empty lines are dropped. */
export function createLineSplitter(maxLength: number, onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const emit = (line: string): void => {
    const clean = line.replace(CONTROL, '').trimEnd()
    if (clean !== '') onLine(clean)
  }
  const take = (text: string): void => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) for (const piece of cut(line, maxLength)) emit(piece)
    while (rest.length > maxLength) {
      emit(rest.slice(0, maxLength))
      rest = rest.slice(maxLength)
    }
  }
  return {
    write: (chunk) => take(decoder.write(chunk)),
    end: () => {
      take(decoder.end())
      emit(rest)
      rest = ''
    },
  }
}

function cut(line: string, maxLength: number): readonly string[] {
  const pieces: string[] = []
  for (let from = 0; from < line.length; from += maxLength) pieces.push(line.slice(from, from + maxLength))
  return pieces
}

export interface LineLimiter {
  /** Whether this line may be logged. */
  admit(now: number): boolean
  /** How many were not, since the last time this was asked. */
  takeSuppressed(): number
}

/** At most `perSecond` lines in any whole second of the clock. */
export function createLineLimiter(perSecond: number): LineLimiter {
  let second = Number.NEGATIVE_INFINITY
  let admitted = 0
  let suppressed = 0
  return {
    admit(now) {
      if (Math.floor(now / 1000) !== second) {
        second = Math.floor(now / 1000)
        admitted = 0
      }
      admitted++
      if (admitted > perSecond) suppressed++
      return admitted <= perSecond
    },
    takeSuppressed() {
      const count = suppressed
      suppressed = 0
      return count
    },
  }
}

/** Keeps the last `size` lines. */
export function createLineRing(size: number): { push(line: string): void; last(count: number): readonly string[] } {
  const lines: string[] = []
  return {
    push(line) {
      lines.push(line)
      if (lines.length > size) lines.shift()
    },
    last: (count) => lines.slice(-count),
  }
}
