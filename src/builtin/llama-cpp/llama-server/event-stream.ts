import type { Dispatcher } from 'undici'
import type { Gather } from './gather-wakes.ts'

export interface EventStream<T> {
  /** The next event; undefined after the last one. Rejects with whatever ended the stream early. */
  next(): Promise<T | undefined>
  /** Ends the request, unless it has ended: llama-server then stops generating. */
  cancel(): void
}

export interface EventStreamInit {
  readonly path: string
  readonly body: string
  readonly signal?: AbortSignal
  /** How the reader learns of events; by default at once. Its end is never held back. */
  readonly gather?: Gather
  /** Turns an answer that is no stream into an error. */
  readonly toError: (status: number, body: string) => Error
}

/** Events that may wait for the reader; then the connection is no longer read. */
const MOST_WAITING = 32
const ERROR_LIMIT_BYTES = 64 * 1024
const LINE_FEED = 10
/** `data: ` */
const PREFIX_BYTES = 6

/**
 * Posts JSON and reads the answer as server-sent events of JSON. Made for one small event per token: no streams, no
 * lines, no copies, only what lies between `data: ` and an empty line goes through the parser.
 */
export function openEventStream<T>(dispatcher: Pick<Dispatcher, 'dispatch'>, init: EventStreamInit): EventStream<T> {
  const waiting: T[] = []
  let wake: (() => void) | undefined
  let controller: Dispatcher.DispatchController | undefined
  let status = 0
  let partial: Buffer | undefined
  let failure: { readonly error: unknown } | undefined
  let ended = false

  const wakeReader = (): void => {
    wake?.()
    wake = undefined
  }
  const end = (error?: unknown): void => {
    if (ended) return
    ended = true
    if (error !== undefined) failure = { error }
    init.signal?.removeEventListener('abort', onAbort)
    wakeReader()
  }
  const cancel = (error?: unknown): void => {
    if (ended) return
    end(error)
    controller?.abort(new Error('cancelled'))
  }
  const onAbort = (): void => {
    waiting.length = 0
    cancel(init.signal?.reason)
  }
  const take = (chunk: Buffer): void => {
    const bytes = partial === undefined ? chunk : Buffer.concat([partial, chunk])
    let from = 0
    for (let at = nextEmptyLine(bytes, 0); at >= 0; at = nextEmptyLine(bytes, from)) {
      // Anything else is a comment that keeps the connection alive.
      if (bytes[from] === 0x64) waiting.push(JSON.parse(bytes.toString('utf8', from + PREFIX_BYTES, at)) as T)
      from = at + 2
    }
    partial = from < bytes.length ? bytes.subarray(from) : undefined
  }
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started
      if (ended) started.abort(new Error('cancelled'))
    },
    onResponseStart(_controller, statusCode) {
      status = statusCode
    },
    onResponseData(reading, chunk) {
      if (ended) return
      if (status !== 200) {
        partial = Buffer.concat([partial ?? Buffer.alloc(0), chunk]).subarray(0, ERROR_LIMIT_BYTES)
        return
      }
      take(chunk)
      if (waiting.length >= MOST_WAITING) reading.pause()
      // A reader that is not waiting is at work, and will find the event.
      if (wake === undefined) return
      if (init.gather === undefined) wakeReader()
      else init.gather(wakeReader)
    },
    onResponseEnd() {
      if (status === 200) end()
      else end(init.toError(status, partial?.toString('utf8') ?? ''))
    },
    onResponseError(_controller, error) {
      end(error)
    },
  }
  init.signal?.throwIfAborted()
  init.signal?.addEventListener('abort', onAbort, { once: true })
  // llama-server promises to keep the connection of a stream, and closes it: a request that came in between would be lost.
  const reset = true
  dispatcher.dispatch(
    { path: init.path, method: 'POST', headers: { 'content-type': 'application/json' }, body: init.body, reset },
    handler,
  )
  return {
    async next() {
      for (;;) {
        const event = waiting.shift()
        if (event !== undefined) {
          if (waiting.length === 0 && controller?.paused === true && !ended) controller.resume()
          return event
        }
        if (failure !== undefined) throw failure.error
        if (ended) return undefined
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    cancel: () => cancel(),
  }
}

/** Where two line feeds in a row begin; -1 when there are none. */
function nextEmptyLine(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LINE_FEED, from); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) {
    if (bytes[at + 1] === LINE_FEED) return at
  }
  return -1
}
