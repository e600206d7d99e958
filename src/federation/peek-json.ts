import {
  CLOSE_BRACE,
  COMMA,
  endOfString,
  MALFORMED,
  OPEN_BRACE,
  QUOTE,
  skipKey,
  skipSpace,
  skipValue,
} from './json-scan.ts'

/** Longest text that `topLevelText` gives, in characters. */
const MAX_TEXT = 1024

/** An escaped UTF-16 unit takes six bytes, no other character takes more. */
const BYTES_PER_CHARACTER = 6

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

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
