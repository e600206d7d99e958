import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { broken, failed } from './upstream-http.ts'

export interface EventLimits {
  /** One event. */
  readonly eventBytes: number
  /** The whole stream. */
  readonly streamBytes: number
}

export const EVENT_LIMITS: EventLimits = { eventBytes: 4 * 1024 * 1024, streamBytes: 256 * 1024 * 1024 }

const LINE_FEED = 0x0a

/**
 * The JSON objects of a stream of server-sent events (WHATWG HTML, section 9.2), until `[DONE]` or the end. Pulled: a reader
 * that stops reading stops the server. Throws `upstream.failed` for what is no such stream, is too large, or breaks off.
 * HOT PATH: once for each token; bench/gateway.ts.
 */
export async function* readEvents(
  body: AsyncIterable<Buffer>,
  { upstream, limits = EVENT_LIMITS }: { readonly upstream: string; readonly limits?: EventLimits },
): AsyncGenerator<Record<string, unknown>, void> {
  const lines = createLines()
  let total = 0
  try {
    for await (const chunk of body) {
      total += chunk.length
      if (total > limits.streamBytes) throw failed(upstream, 'sent a stream without an end')
      for (const data of lines.take(chunk)) {
        if (data === '[DONE]') return
        yield parseEvent(data, upstream)
      }
      if (lines.restBytes() > limits.eventBytes) throw failed(upstream, 'sent an event without an end')
    }
  } catch (error) {
    throw error instanceof AppError ? error : broken(upstream, error)
  }
}

/** One line is one event here. */
function createLines() {
  let rest: Buffer | undefined
  return {
    restBytes: () => rest?.length ?? 0,
    *take(chunk: Buffer): Generator<string, void> {
      const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
      let from = 0
      for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
        const data = dataOf(bytes, from, at)
        from = at + 1
        if (data !== undefined) yield data
      }
      rest = from < bytes.length ? bytes.subarray(from) : undefined
    },
  }
}

/** What stands behind `data:`; undefined for other fields, comments and empty lines. */
function dataOf(bytes: Buffer, from: number, to: number): string | undefined {
  // "data:"
  if (bytes[from] !== 0x64 || bytes[from + 4] !== 0x3a) return undefined
  const data = bytes.toString('utf8', from + 5, to).trim()
  return data === '' ? undefined : data
}

function parseEvent(data: string, upstream: string): Record<string, unknown> {
  try {
    const event: unknown = JSON.parse(data)
    if (isObject(event)) return event
  } catch {
    // Said below.
  }
  throw failed(upstream, 'sent an event that is no JSON')
}
