import { COLON, endOfString, MALFORMED, QUOTE, skipSpace, skipValue } from '../json-scan.ts'

/** What moves from turn to turn in what stays the same otherwise (Anthropic's marks of what to cache). */
const LEFT_OUT = Buffer.from('"cache_control"')

/** A picture or a sound; its bytes say nothing of its tokens. */
const DATA_URL = Buffer.from('"data:')
const TOKENS_OF_MEDIA_BYTES = 4096

export interface PromptText {
  /** The texts that were given, each behind a zero byte, as far as there was room. Valid until the next `begin`. */
  text(): Buffer
  /** How long they are in all. */
  readonly bytes: number
  /** The same, with media counted as a few thousand bytes each. */
  readonly readableBytes: number
  begin(): void
  /** All string values, not the keys, of the JSON value that these bytes hold; it must be well formed. */
  add(json: Buffer, from: number, to: number): void
}

/** HOT PATH (`bench/request-parts.ts`): one buffer for all requests, one pass, no text is decoded. */
export function createPromptText({ maxBytes }: { readonly maxBytes: number }): PromptText {
  let buffer = Buffer.alloc(Math.min(maxBytes, 64 * 1024))
  let filled = 0
  let bytes = 0
  let readableBytes = 0

  function put(json: Buffer, from: number, to: number): void {
    const length = to - from + 1
    bytes += length
    readableBytes += isMedia(json, from) ? Math.min(length, TOKENS_OF_MEDIA_BYTES) : length
    if (filled + length > buffer.length && buffer.length < maxBytes) {
      const larger = Buffer.alloc(Math.min(maxBytes, Math.max(buffer.length * 2, filled + length)))
      buffer.copy(larger, 0, 0, filled)
      buffer = larger
    }
    if (filled >= buffer.length) return
    buffer[filled] = 0
    filled += 1 + json.copy(buffer, filled + 1, from, to)
  }

  return {
    text: () => buffer.subarray(0, filled),
    get bytes() {
      return bytes
    },
    get readableBytes() {
      return readableBytes
    },
    begin() {
      filled = 0
      bytes = 0
      readableBytes = 0
    },
    add(json, from, to) {
      let at = from
      while (at < to) {
        if (json[at] !== QUOTE) {
          at += 1
          continue
        }
        const end = endOfString(json, at)
        if (end === MALFORMED || end > to) return
        const colon = skipSpace(json, end)
        if (json[colon] === COLON) {
          at = behindKey(json, { at, end, colon })
        } else {
          put(json, at + 1, end - 1)
          at = end
        }
      }
    },
  }
}

/** Where to go on: what is left out is stepped over with its value. */
function behindKey(json: Buffer, key: { readonly at: number; readonly end: number; readonly colon: number }): number {
  const { at, end, colon } = key
  if (end - at !== LEFT_OUT.length || LEFT_OUT.compare(json, at, end) !== 0) return colon + 1
  const behind = skipValue(json, skipSpace(json, colon + 1))
  return behind === MALFORMED ? json.length : behind
}

function isMedia(json: Buffer, from: number): boolean {
  return json[from] === DATA_URL[1] && DATA_URL.compare(json, from - 1, from - 1 + DATA_URL.length) === 0
}
