import type { AbortOptions, MessageStream, StreamCloseEvent } from '@libp2p/interface'
import { AbstractMessageStream, type SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import { whenDrained } from './when-drained.ts'

export interface CoalescedStreamInit {
  /** Gather what is sent within one microtask turn. Otherwise each `send` goes down at once, as one piece of memory. */
  readonly gather?: boolean
  /**
   * The bytes that the other side may send on account of this, if it need not go at once: it waits for company for some
   * milliseconds, and only until the event loop's turn ends once it is many bytes. With `gather`.
   */
  readonly mayWait?: (data: Uint8ArrayList) => number | undefined
  readonly onBytes?: (direction: 'sent' | 'received', bytes: number) => void
}

/** Below the 64 KB of a Noise message, so that a full batch is one message. */
const MAX_BATCH_BYTES = 60 * 1024
/** A quarter of the smallest window of yamux: nobody has to stop for what is held back. */
const MAX_HELD_BYTES = 64 * 1024
/** About what lies between two tokens: the next of them takes it along. */
const MAX_HELD_MS = 10

/** A stream over another that hands down fewer, larger pieces. Order, backpressure, end and errors pass unchanged. */
export class CoalescedStream extends AbstractMessageStream {
  /** A transport's connection has an address, and what wraps it keeps it. */
  readonly remoteAddr: unknown
  readonly #lower: MessageStream
  readonly #init: CoalescedStreamInit
  #batch: Uint8Array[] = []
  #batchBytes = 0
  #flushIsDue = false
  #flushAtEndOfTurn: NodeJS.Immediate | undefined
  #flushInTime: NodeJS.Timeout | undefined
  #heldBytes = 0

  constructor(lower: MessageStream, init: CoalescedStreamInit = {}) {
    super({
      log: lower.log,
      inactivityTimeout: lower.inactivityTimeout,
      maxReadBufferLength: lower.maxReadBufferLength,
      direction: lower.direction,
    })
    this.remoteAddr = 'remoteAddr' in lower ? lower.remoteAddr : undefined
    this.#lower = lower
    this.#init = init
    lower.addEventListener('message', (event) => {
      this.#init.onBytes?.('received', event.data.byteLength)
      this.onData(event.data)
    })
    lower.addEventListener('drain', () => this.safeDispatchEvent('drain'))
    lower.addEventListener('remoteCloseWrite', () => this.onRemoteCloseWrite())
    lower.addEventListener('close', (event) => this.#onLowerClose(event))
  }

  override sendData(data: Uint8ArrayList): SendResult {
    const sentBytes = data.byteLength
    this.#init.onBytes?.('sent', sentBytes)
    if (this.#init.gather !== true) return { sentBytes, canSendMore: this.#lower.send(data.subarray()) }
    for (const chunk of data) this.#batch.push(chunk)
    this.#batchBytes += sentBytes
    if (this.#batchBytes >= MAX_BATCH_BYTES) return { sentBytes, canSendMore: this.#flush() }
    if (!this.#flushIsDue) this.#flushSoon(this.#init.mayWait?.(data))
    return { sentBytes, canSendMore: true }
  }

  #flushSoon(mayWaitBytes: number | undefined): void {
    if (mayWaitBytes === undefined) {
      this.#flushIsDue = true
      queueMicrotask(() => {
        this.#flushIsDue = false
        this.#flushLater()
      })
      return
    }
    this.#heldBytes += mayWaitBytes
    if (this.#heldBytes >= MAX_HELD_BYTES) {
      this.#flushAtEndOfTurn ??= setImmediate(() => {
        this.#flushAtEndOfTurn = undefined
        this.#flushLater()
      })
    } else {
      // Left to itself when something else flushes: what is held by then goes a little early.
      this.#flushInTime ??= setTimeout(() => {
        this.#flushInTime = undefined
        this.#flushLater()
      }, MAX_HELD_MS).unref()
    }
  }

  /** Ends this side's writing, after everything sent has gone down. */
  async close(options: AbortOptions = {}): Promise<void> {
    if (this.writeStatus !== 'writable') return
    this.writeStatus = 'closing'
    this.#flush()
    while (this.writeBufferLength > 0) {
      await whenDrained(this, options)
      this.#flush()
    }
    await this.#lower.close(options)
    this.writeStatus = 'closed'
    if (this.remoteWriteStatus === 'closed') this.onTransportClosed()
  }

  override sendPause(): void {
    if (this.#lowerIsReadable()) this.#lower.pause()
  }

  override sendResume(): void {
    if (this.#lowerIsReadable()) this.#lower.resume()
  }

  override sendReset(error: Error): void {
    try {
      // The muxer's last word, why it gives up, is in the batch.
      if (this.#lower.status === 'open') this.#flush()
    } finally {
      this.#lower.abort(error)
    }
  }

  /** What arrived may still wait here for a reader when the stream below is over: it throws if it is paused then. */
  #lowerIsReadable(): boolean {
    return this.#lower.status === 'open' && !this.#lower.readableEnded
  }

  #flush(): boolean {
    const batch = this.#batch
    const bytes = this.#batchBytes
    const [first] = batch
    if (first === undefined) return true
    this.#batch = []
    this.#batchBytes = 0
    this.#heldBytes = 0
    return this.#lower.send(batch.length === 1 ? first : Buffer.concat(batch, bytes))
  }

  #flushLater(): void {
    // Closed under our feet: its `close` event says so, and nobody could take the batch.
    if (this.#lower.status !== 'open') return
    try {
      // The muxer was told that it may go on: now its next `send` is held until the way is free.
      if (!this.#flush()) this.writableNeedsDrain = true
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #onLowerClose(event: StreamCloseEvent): void {
    clearTimeout(this.#flushInTime)
    this.#batch = []
    this.#batchBytes = 0
    if (event.error === undefined) this.onTransportClosed()
    else if (event.local === true) this.abort(event.error)
    else this.onRemoteReset()
  }
}
