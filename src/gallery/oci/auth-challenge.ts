/** One of the ways in which a server says that it may be answered (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string
  /** Names in lower case; of a name that comes twice the first counts. */
  readonly parameters: Readonly<Record<string, string>>
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const QUOTED = /"((?:[^"\\]|\\.)*)"/y
const MAX_LENGTH = 8192

/** Reads the values of `WWW-Authenticate`, several challenges in one included. What cannot be read is left out. */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  return values.flatMap((value) => (value.length > MAX_LENGTH ? [] : parseChallengeList(value)))
}

function parseChallengeList(text: string): readonly Challenge[] {
  const found: { readonly scheme: string; readonly parameters: Record<string, string> }[] = []
  let at = 0
  const read = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  for (;;) {
    while (/[\s,]/.test(text.charAt(at))) at += 1
    const word = read(TOKEN)?.[0]
    if (word === undefined) return found
    const isParameter = read(/\s*=\s*/y) !== null
    const last = found.at(-1)
    if (!isParameter) {
      found.push({ scheme: word.toLowerCase(), parameters: Object.create(null) as Record<string, string> })
      continue
    }
    const quoted = read(QUOTED)
    const value = quoted === null ? read(TOKEN)?.[0] : quoted[1]?.replace(/\\(.)/g, '$1')
    // A `token68`, as Negotiate has one: nobody here can answer that.
    if (value === undefined) read(/[^,]*/y)
    else if (last !== undefined) last.parameters[word.toLowerCase()] ??= value
  }
}
