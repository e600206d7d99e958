import type { Dispatcher } from 'undici'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'

export type PeerRequest = Pick<Dispatcher.DispatchOptions, 'path' | 'method' | 'headers' | 'body'>

export interface PeerAnswer {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  /** Leaving it early, like aborting the signal, ends the request at the peer. */
  readonly body: AsyncIterableIterator<Uint8Array>
}

/** Above this much that nobody has read yet, the peer is read no further. */
const HIGH_WATER_BYTES = 64 * 1024

export interface Exchange {
  /**
   * Resolves with the head of the answer when its first body bytes, or its end, are there as well. Rejects with the signal's
   * reason when it aborts and with whatever broke the connection otherwise; from then on the body throws the signal's reason
   * or `peer.unreachable`.
   */
  readonly answered: Promise<PeerAnswer>
  /** Ends the request at the peer; any time, any number of times. */
  giveUp(reason: AppError): void
}

/** The head of the answer to one request to one peer, as `Exchange.answered` has it. */
export async function exchange(
  dispatcher: Dispatcher,
  request: PeerRequest,
  options: AbortOptions & { readonly onOver: () => void },
): Promise<PeerAnswer> {
  return await startExchange(dispatcher, request, options).answered
}

/** One request to one peer. `onOver` is called once, when the peer has nothing more to do with it. */
export function startExchange(
  dispatcher: Dispatcher,
  request: PeerRequest,
  { signal, onOver }: AbortOptions & { readonly onOver: () => void },
): Exchange {
  const incoming = new Incoming({ signal, onOver, method: request.method })
  if (signal?.aborted !== true) dispatcher.dispatch(request, incoming)
  return incoming
}

interface IncomingInit {
  readonly method: string
  readonly signal: AbortSignal | undefined
  readonly onOver: () => void
}

/** Takes an answer as undici pushes it and gives it out as it is pulled. */
class Incoming implements Dispatcher.DispatchHandler, AsyncIterableIterator<Uint8Array>, Exchange {
  readonly #answer = Promise.withResolvers<PeerAnswer>()
  readonly #init: IncomingInit
  readonly #chunks: Uint8Array[] = []
  #unread = 0
  #head: Omit<PeerAnswer, 'body'> | undefined
  #controller: Dispatcher.DispatchController | undefined
  /** What happened to it; nothing yet while undefined. */
  #over: { readonly error?: unknown } | undefined
  #readerWaits: (() => void) | undefined

  constructor(init: IncomingInit) {
    this.#init = init
    const { signal } = init
    if (signal?.aborted === true) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get answered(): Promise<PeerAnswer> {
    return this.#answer.promise
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Given up while it waited for a connection.
    if (this.#over !== undefined) controller.abort(new AppError('request.cancelled', 'given up'))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Dispatcher.ResponseData['headers'],
  ): void {
    if (status < 200) return
    const bodiless = status === 204 || status === 304 || this.#init.method === 'HEAD'
    if (!bodiless && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
      // Its end could not be told from the node's (RFC 9112 section 8).
      controller.abort(new AppError('peer.unreachable', 'the answer of the node has no length'))
      return
    }
    this.#head = { status, headers }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#unread += chunk.length
    if (this.#unread > HIGH_WATER_BYTES) controller.pause()
    this.#handOut()
    this.#wakeReader()
  }

  onResponseEnd(): void {
    this.#finish({})
    this.#handOut()
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#finish({ error })
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        this.#unread -= chunk.length
        if (this.#unread <= HIGH_WATER_BYTES / 2) this.#controller?.resume()
        return { value: chunk, done: false }
      }
      if (this.#over !== undefined) {
        if ('error' in this.#over) throw this.#lost(this.#over.error)
        return { value: undefined, done: true }
      }
      await new Promise<void>((resolve) => {
        this.#readerWaits = resolve
      })
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.giveUp(new AppError('request.cancelled', 'the reader has left'))
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #lost(error: unknown): unknown {
    const { signal } = this.#init
    return signal?.aborted === true
      ? signal.reason
      : unreachable('the node was lost in the middle of its answer', error)
  }

  readonly #onAbort = (): void => this.giveUp(this.#init.signal?.reason)

  giveUp(reason: unknown): void {
    this.#chunks.length = 0
    this.#unread = 0
    if (this.#over !== undefined) return
    this.#finish({ error: reason })
    this.#controller?.abort(reason instanceof Error ? reason : new AppError('request.cancelled', 'given up'))
  }

  #handOut(): void {
    if (this.#head !== undefined) this.#answer.resolve({ ...this.#head, body: this })
  }

  #finish(outcome: { readonly error?: unknown }): void {
    if (this.#over !== undefined) return
    this.#over = outcome
    this.#init.signal?.removeEventListener('abort', this.#onAbort)
    if ('error' in outcome) this.#answer.reject(outcome.error)
    this.#wakeReader()
    this.#init.onOver()
  }

  #wakeReader(): void {
    this.#readerWaits?.()
    this.#readerWaits = undefined
  }
}

/** Whatever went wrong between the nodes, as one of ours. */
export function unreachable(message: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  return new AppError('peer.unreachable', message, { cause })
}
