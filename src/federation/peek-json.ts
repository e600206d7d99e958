/** No honest request nests deeper; the API refuses deeper bodies too. */
const MAX_DEPTH = 128

/** Longest text that `topLevelText` gives, in characters. */
const MAX_TEXT = 1024

/** An escaped UTF-16 unit takes six bytes, no other character takes more. */
const BYTES_PER_CHARACTER = 6

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
/** From an opening brace or bracket to its closing one. */
const TO_CLOSER = 2

/** `true`, `false` and `null` by their first letters. */
const WORDS = new Map(['true', 'false', 'null'].map((word) => [word.charCodeAt(0), Buffer.from(word)]))

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** What a scanning function gives instead of an index when the text is not JSON (RFC 8259). */
const MALFORMED = -1

/**
 * The text under `key` (ASCII) in the object that `bytes` hold; of several the last, as `JSON.parse` has it. Undefined
 * when there is none, when it is not a text or longer than 1024 characters, and when the bytes are not a JSON object.
 * Reads every byte once and keeps nothing. What stands in other strings is not looked at: a raw control character or
 * an unknown escape in there is for whoever parses the body to refuse.
 */
export function topLevelText(bytes: Buffer, key: string): string | undefined {
  const start = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0
  let at = skipSpace(bytes, start)
  if (bytes[at] !== OPEN_BRACE) return undefined
  at = skipSpace(bytes, at + 1)
  let found: string | undefined
  if (bytes[at] === CLOSE_BRACE) return undefined
  for (;;) {
    const valueAt = skipKey(bytes, at)
    if (valueAt === MALFORMED) return undefined
    const end = skipValue(bytes, valueAt)
    if (end === MALFORMED) return undefined
    if (isKey(bytes, at, key)) found = textAt(bytes, valueAt, end)
    at = skipSpace(bytes, end)
    if (bytes[at] === CLOSE_BRACE) return skipSpace(bytes, at + 1) === bytes.length ? found : undefined
    if (bytes[at] !== COMMA) return undefined
    at = skipSpace(bytes, at + 1)
  }
}

/** Whether the string that begins with the quote at `at` is `key`. */
function isKey(bytes: Buffer, at: number, key: string): boolean {
  const end = endOfString(bytes, at)
  const length = end - at - 2
  if (length < key.length || length > key.length * BYTES_PER_CHARACTER) return false
  if (length === key.length) return bytes.toString('latin1', at + 1, end - 1) === key
  return textAt(bytes, at, end) === key
}

function textAt(bytes: Buffer, at: number, end: number): string | undefined {
  if (bytes[at] !== QUOTE || end - at - 2 > MAX_TEXT * BYTES_PER_CHARACTER) return undefined
  try {
    const text: unknown = JSON.parse(bytes.toString('utf8', at, end))
    return typeof text === 'string' && text.length <= MAX_TEXT ? text : undefined
  } catch {
    return undefined
  }
}

/** Behind the value that begins at `at`. Loops instead of calling itself: depth costs no stack. */
function skipValue(bytes: Buffer, at: number): number {
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
function skipKey(bytes: Buffer, at: number): number {
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

/** Behind the closing quote of the string whose opening quote is at `at`. */
function endOfString(bytes: Buffer, at: number): number {
  for (let quote = bytes.indexOf(QUOTE, at + 1); quote !== -1; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let backslashes = 0
    while (bytes[quote - 1 - backslashes] === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return quote + 1
  }
  return MALFORMED
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

function skipSpace(bytes: Buffer, at: number): number {
  let here = at
  for (let code = bytes[here]; code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB; ) {
    here += 1
    code = bytes[here]
  }
  return here
}
