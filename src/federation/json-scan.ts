/** No honest request nests deeper; the API refuses deeper bodies too. */
const MAX_DEPTH = 128

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
export const QUOTE = 0x22
const PLUS = 0x2b
export const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
export const COLON = 0x3a
const BACKSLASH = 0x5c
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
/** From an opening brace or bracket to its closing one. */
const TO_CLOSER = 2

/** `true`, `false` and `null` by their first letters. */
const WORDS = new Map(['true', 'false', 'null'].map((word) => [word.charCodeAt(0), Buffer.from(word)]))

/** 1 for a quote and a backslash. */
const ENDS_OR_ESCAPES = Uint8Array.from({ length: 256 }, (_, code) => Number(code === QUOTE || code === BACKSLASH))

const NEAR_BYTES = 256

/** What a scanning function gives instead of an index when the text is not JSON (RFC 8259). */
export const MALFORMED = -1

/** Behind the value that begins at `at`. Loops instead of calling itself: depth costs no stack. */
export function skipValue(bytes: Buffer, at: number): number {
  const closers: number[] = []
  let here = at
  do {
    const code = bytes[here]
    here =
      code === OPEN_BRACE || code === OPEN_BRACKET
        ? enterContainer(bytes, here, closers)
        : leaveContainers(bytes, skipScalar(bytes, here), closers)
  } while (closers.length > 0 && here !== MALFORMED)
  return here
}

/** From an opening brace or bracket to where the first value inside begins; out of it again when there is none. */
function enterContainer(bytes: Buffer, at: number, closers: number[]): number {
  const closer = (bytes[at] ?? 0) + TO_CLOSER
  // The object that holds the value is a level of its own.
  if (closers.push(closer) >= MAX_DEPTH) return MALFORMED
  const inside = skipSpace(bytes, at + 1)
  if (bytes[inside] === closer) return leaveContainers(bytes, inside, closers)
  return closer === CLOSE_BRACE ? skipKey(bytes, inside) : inside
}

/** From behind a value to where the next value of the same container begins, or out of containers that end here. */
function leaveContainers(bytes: Buffer, at: number, closers: number[]): number {
  if (at === MALFORMED) return MALFORMED
  let here = at
  for (let closer = closers.at(-1); closer !== undefined; closer = closers.at(-1)) {
    here = skipSpace(bytes, here)
    if (bytes[here] === COMMA) {
      const next = skipSpace(bytes, here + 1)
      return closer === CLOSE_BRACE ? skipKey(bytes, next) : next
    }
    if (bytes[here] !== closer) return MALFORMED
    closers.pop()
    here += 1
  }
  return here
}

/** Over a key and its colon, to where the value begins. */
export function skipKey(bytes: Buffer, at: number): number {
  if (bytes[at] !== QUOTE) return MALFORMED
  const end = endOfString(bytes, at)
  if (end === MALFORMED) return MALFORMED
  const colon = skipSpace(bytes, end)
  return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : MALFORMED
}

function skipScalar(bytes: Buffer, at: number): number {
  const code = bytes[at]
  if (code === undefined) return MALFORMED
  if (code === QUOTE) return endOfString(bytes, at)
  const word = WORDS.get(code)
  if (word === undefined) return skipNumber(bytes, at)
  return word.compare(bytes, at, Math.min(at + word.length, bytes.length)) === 0 ? at + word.length : MALFORMED
}

/**
 * Behind the closing quote of the string whose opening quote is at `at`. Near bytes are looked at one by one, which is
 * quickest for short strings and for many escapes; a quote that is far, as behind an image, is searched for.
 */
export function endOfString(bytes: Buffer, at: number): number {
  let here = at + 1
  while (here < bytes.length) {
    const near = Math.min(here + NEAR_BYTES, bytes.length)
    while (here < near && ENDS_OR_ESCAPES[bytes[here] ?? 0] === 0) here += 1
    if (here === near) {
      const quote = bytes.indexOf(QUOTE, here)
      if (quote === -1) return MALFORMED
      if (!isEscaped(bytes, quote, here)) return quote + 1
      here = quote + 1
    } else if (bytes[here] === QUOTE) {
      return here + 1
    } else {
      here += 2
    }
  }
  return MALFORMED
}

/** Whether an odd number of backslashes stands before `at`, the last one at `from` or behind it. */
function isEscaped(bytes: Buffer, at: number, from: number): boolean {
  let first = at
  while (first > from && bytes[first - 1] === BACKSLASH) first -= 1
  return (at - first) % 2 === 1
}

/** RFC 8259 section 6. */
function skipNumber(bytes: Buffer, at: number): number {
  let here = bytes[at] === MINUS ? at + 1 : at
  const whole = here
  here = skipDigits(bytes, here)
  if (here === MALFORMED || (bytes[whole] === ZERO && here > whole + 1)) return MALFORMED
  if (bytes[here] === POINT) here = skipDigits(bytes, here + 1)
  if (here === MALFORMED) return MALFORMED
  const exponent = bytes[here]
  if (exponent !== 0x65 && exponent !== 0x45) return here
  const sign = bytes[here + 1]
  return skipDigits(bytes, sign === PLUS || sign === MINUS ? here + 2 : here + 1)
}

/** At least one. */
function skipDigits(bytes: Buffer, at: number): number {
  let here = at
  for (let code = bytes[here] ?? 0; code >= ZERO && code <= NINE; code = bytes[here] ?? 0) here += 1
  return here === at ? MALFORMED : here
}

export function skipSpace(bytes: Buffer, at: number): number {
  let here = at
  for (let code = bytes[here]; code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB; ) {
    here += 1
    code = bytes[here]
  }
  return here
}
