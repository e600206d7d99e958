import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { AppError } from '../base/errors.ts'
import { toldInStream } from './access/opaque-errors.ts'
import { drained } from './drained.ts'
import { toAppError } from './error-response.ts'
import { handOn, writeAside } from './journal/continuity-of-request.ts'

/** How a dialect writes its stream. Every function gives text that is ready for the wire. */
export interface EventStreamFormat<T> {
  /** Goes out with the first event. */
  readonly opening: string
  /** Goes out when nothing else does for a while; default: a comment. */
  readonly keepAlive?: string
  /** Nothing is sent for an empty text. */
  render(event: T): string
  fail(error: AppError): string
  /** Instead of the end, when another node goes on with the stream. */
  handedOn?(): void
  /** Goes out at the end, also after a failure. */
  closing(failed: boolean): string
}

export interface EventStreamLimits {
  /** After this long without anything to send, a sign of life keeps proxies and clients from giving up. */
  readonly keepAliveMs: number
  /** A client that reads nothing for this long is gone. */
  readonly stallTimeoutMs: number
}

/** Whether the connection stays open afterwards is between the client and node:http. */
const HEADERS = {
  'Content-Type': 'text/event-stream',
  'X-Accel-Buffering': 'no',
} as const

const COMMENT = ': ping\n\n'

/**
 * Sends events as they come. The source is pulled only as fast as the client reads. Until the first event (or the
 * first sign of life) the status is open, and a failure is thrown for the error handler; later ones become part of
 * the stream and are returned.
 */
export async function sendEventStream<T>(
  reply: FastifyReply,
  events: AsyncIterable<T>,
  init: { readonly format: EventStreamFormat<T>; readonly limits: EventStreamLimits; readonly signal: AbortSignal },
): Promise<AppError | undefined> {
  const { format, limits, signal } = init
  const stream = openLater(reply, format, limits)
  try {
    for await (const event of events) {
      const text = format.render(event)
      if (text !== '' && !stream.write(text)) await stream.drained(signal)
      if (stream.closed()) throw new AppError('request.cancelled', 'the client has gone')
    }
    stream.end(format.closing(false))
    return undefined
  } catch (thrown) {
    if (!stream.opened()) throw thrown
    const error = stream.closed() ? new AppError('request.cancelled', 'the client has gone') : toAppError(thrown)
    if (!stream.closed() && handOn(reply.raw, error.code)) {
      format.handedOn?.()
      return error
    }
    stream.end(format.fail(toldInStream(error, reply.request)) + format.closing(true))
    return error
  } finally {
    stream.release()
  }
}

interface OpeningStream {
  /** False when the client does not keep up: wait for `drained`. */
  write(text: string): boolean
  drained(signal: AbortSignal): Promise<void>
  end(text: string): void
  opened(): boolean
  closed(): boolean
  release(): void
}

function openLater(
  reply: FastifyReply,
  { opening, keepAlive: signOfLife = COMMENT }: Pick<EventStreamFormat<unknown>, 'opening' | 'keepAlive'>,
  limits: EventStreamLimits,
): OpeningStream {
  const response: ServerResponse = reply.raw
  let opened = false
  let quiet = true

  function write(text: string): boolean {
    quiet = false
    if (opened) return response.write(text)
    opened = true
    reply.hijack()
    // A write that fails late, with nobody listening, would take the process down.
    response.on('error', () => {})
    // A new session is in no cache at all, and says so already.
    if (!reply.hasHeader('cache-control')) reply.header('Cache-Control', 'no-cache')
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) response.setHeader(name, value)
    }
    response.writeHead(200, HEADERS)
    return response.write(opening + text)
  }

  function keepAlive(): void {
    if (quiet && !response.writableNeedDrain && !response.destroyed) {
      if (!opened) write('')
      writeAside(response, signOfLife)
    }
    quiet = true
  }

  const timer = setInterval(keepAlive, limits.keepAliveMs)
  return {
    write,
    drained: (signal) => drained(response, { stallTimeoutMs: limits.stallTimeoutMs, signal }),
    end(text) {
      clearInterval(timer)
      if (response.destroyed) return
      if (opened) response.end(text)
      else {
        write(text)
        response.end()
      }
    },
    opened: () => opened,
    closed: () => response.destroyed,
    release: () => clearInterval(timer),
  }
}
