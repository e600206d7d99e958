import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'
import { whenDrained } from '../admission/when-drained.ts'
import { createFrameDecoder, type Frame } from './frames.ts'

export interface FrameChannelEvents {
  onBytes(): void
  /** One at a time: the next comes when the promise has settled. A rejection breaks the channel. */
  onFrame(frame: Frame): Promise<void> | void
  /** Once, after the last frame. The error is absent when the other side ended the stream in order, or this side did. */
  onClosed(error: Error | undefined): void
}

/** Frames over a stream, both ways; what comes faster than it is handled waits at the sender. */
export interface FrameChannel {
  /** False: taken, but `drained` has to be waited for before the next. Throws when the stream is over. */
  send(bytes: Uint8Array): boolean
  drained(options: AbortOptions): Promise<void>
  /** Sends what is left, and resolves when the other side has ended the stream too. */
  finish(options: AbortOptions): Promise<void>
  abort(error: Error): void
}

/** More than one frame, so that reading and handling can overlap. */
const MAX_HELD_BYTES = 128 * 1024

export function createFrameChannel(stream: Stream, events: FrameChannelEvents): FrameChannel {
  const decoder = createFrameDecoder()
  const closed = Promise.withResolvers<void>()
  let handling = false
  let over: { readonly error: Error | undefined } | undefined
  let settled = false

  async function handle(): Promise<void> {
    if (handling) return
    handling = true
    try {
      for (let frame = next(); frame !== undefined; frame = next()) {
        const done = events.onFrame(frame)
        if (done !== undefined) await done
      }
    } catch (error) {
      abort(AppError.from(error, 'peer.unreachable'))
    }
    // In one go with the last `next`: a piece that came in between would wait for ever.
    handling = false
    readOn()
  }
  function next(): Frame | undefined {
    return settled ? undefined : decoder.next()
  }
  function readOn(): void {
    if (stream.readStatus === 'paused') stream.resume()
    if (over !== undefined && !handling && stream.readBufferLength === 0) settle(over.error)
  }
  function settle(error: Error | undefined): void {
    if (settled) return
    settled = true
    stream.removeEventListener('message', onMessage)
    events.onClosed(error)
  }
  function end(error: Error | undefined): void {
    over ??= { error }
    if (!handling) void handle()
  }
  function abort(error: Error): void {
    over ??= { error }
    stream.abort(error)
    settle(error)
  }
  function onMessage({ data }: StreamMessageEvent): void {
    decoder.append(data)
    events.onBytes()
    void handle()
    if (handling && decoder.heldBytes > MAX_HELD_BYTES && stream.readStatus === 'readable') stream.pause()
  }

  stream.addEventListener('message', onMessage)
  stream.addEventListener('end', () => {
    end(undefined)
    stream.close().catch((error: unknown) => abort(AppError.from(error, 'peer.unreachable')))
  })
  stream.addEventListener('close', (event: StreamCloseEvent) => {
    closed.resolve()
    end(event.error)
  })
  if (stream.status !== 'open') queueMicrotask(() => end(undefined))

  return {
    send(bytes) {
      if (stream.writeStatus !== 'writable') throw new Error('the stream is closed')
      return stream.send(bytes)
    },
    drained: (options) => whenDrained(stream, options),
    async finish(options) {
      await stream.close(options)
      if (stream.status === 'open' || stream.status === 'closing') await raceSignal(closed.promise, options.signal)
    },
    abort,
  }
}
