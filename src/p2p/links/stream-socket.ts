import { Duplex } from 'node:stream'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { whenDrained } from '../admission/when-drained.ts'

type Done = (error?: Error | null) => void

/** Told what the socket holds in memory, so that somebody can keep the sum of all sockets within bounds. */
export interface SocketWatch {
  received(byteLength: number): void
  /** From now on bytes may pile up: nobody reads here, or the other side does not. */
  blocked(): void
}

export interface StreamSocketInit {
  readonly peerId: string
  readonly relayed: boolean
  readonly watch?: SocketWatch
}

/**
 * A libp2p stream as the socket that `http.Server`, `http.Agent` and undici expect. `remoteAddress` is the peer's id.
 *
 * Reading: bytes are taken from the stream until the buffer here is full; then the stream is paused and its window closes.
 * Writing: waits until the stream takes more. `end()` sends FIN and reading goes on. `destroy()` sends RST unless both
 * directions are over, so that the other side hears of it at once.
 *
 * How it ends: FIN gives a clean end after all that came before. RST without FIN fails at once with `ECONNRESET`. A
 * connection that vanishes gives what came before it vanished and then `ECONNRESET`, never a clean end. An error that
 * nobody listens to ends the socket and nothing else.
 */
export class StreamSocket extends Duplex {
  readonly remoteAddress: string
  readonly remoteFamily = 'libp2p'
  readonly relayed: boolean
  /** Frameworks read the request's scheme from it. Every connection between peers is encrypted. */
  readonly encrypted = true
  readonly connecting = false
  /** Milliseconds without traffic until 'timeout'; 0: never. */
  timeout = 0
  bytesRead = 0
  bytesWritten = 0
  readonly #stream: Stream
  readonly #watch: SocketWatch | undefined
  readonly #onMessage = (event: StreamMessageEvent): void => this.#receive(event.data)
  readonly #onRemoteFin = (): void => {
    this.#remoteFin = true
  }
  readonly #onEnd = (): void => this.#endOfStream()
  readonly #onClose = (event: StreamCloseEvent): void => this.#closed(event.error)
  #remoteFin: boolean
  #full = false
  #resuming = false
  #draining = false
  #finishing = false
  #failure: Error | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(stream: Stream, init: StreamSocketInit) {
    super({ allowHalfOpen: true })
    this.remoteAddress = init.peerId
    this.relayed = init.relayed
    this.#stream = stream
    this.#watch = init.watch
    this.#remoteFin = stream.remoteWriteStatus === 'closed'
    // An error with no listener would end the process.
    this.on('error', () => {})
    stream.addEventListener('remoteCloseWrite', this.#onRemoteFin)
    stream.addEventListener('end', this.#onEnd)
    stream.addEventListener('close', this.#onClose)
    stream.addEventListener('message', this.#onMessage)
    // What happened before there was a listener.
    if (stream.status !== 'open') this.destroy(lost())
    else if (stream.readableEnded) this.#endOfStream()
  }

  /**
   * What this side keeps in memory for the stream: bytes not read, here and in the paused stream (at most this buffer's
   * high-water mark and two windows of yamux: one that is delivered as a whole when the stream resumes, and the next),
   * and bytes not sent. Not counted, and bounded by their own high-water marks: the HTTP parser's current header, the
   * body that it has handed on, and what is shared by the whole connection below yamux.
   */
  get heldBytes(): number {
    return this.readableLength + this.#stream.readBufferLength + this.writableLength
  }

  /** Bytes may be piling up in one direction. */
  get isBlocked(): boolean {
    return !this.destroyed && (this.#stream.readStatus === 'paused' || this.#draining)
  }

  /** Open in both directions; nothing says that a request sent now would be lost. */
  get isUsable(): boolean {
    return !this.destroyed && this.#stream.status === 'open' && this.writable && !this.#remoteFin
  }

  override read(size?: number): unknown {
    const piece: unknown = super.read(size)
    if (this.#failure !== undefined && this.#unreadBytes() === 0) process.nextTick(() => this.destroy(this.#failure))
    return piece
  }

  override _read(): void {
    this.#full = false
    if (this.#resuming || this.#stream.readStatus !== 'paused') return
    this.#resuming = true
    try {
      // Delivers what was kept, then opens the window: a pause in between would be forgotten by yamux, so it comes after.
      this.#stream.resume()
    } catch {
      // The connection is gone; the stream's 'close' tells.
    } finally {
      this.#resuming = false
    }
    if (this.#full) this.#pause()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(bytes, done)
  }

  /** Header and first bytes of a body go out as one message. */
  override _writev(pieces: ReadonlyArray<{ readonly chunk: Buffer }>, done: Done): void {
    const bytes = new Uint8ArrayList()
    bytes.appendAll(pieces.map(({ chunk }) => chunk))
    this.#send(bytes, done)
  }

  override _final(done: Done): void {
    this.#finishing = true
    this.#stream.close().then(
      () => done(),
      () => done(lost()),
    )
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#timer)
    const stream = this.#stream
    stream.removeEventListener('remoteCloseWrite', this.#onRemoteFin)
    stream.removeEventListener('end', this.#onEnd)
    stream.removeEventListener('close', this.#onClose)
    stream.removeEventListener('message', this.#onMessage)
    stream.abort(error ?? new Error('the socket was closed'))
    done(error)
  }

  /** As `net.Socket` has it: sends what is left and FIN, then destroys. What the other side has not read yet it still can. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  /** Emits 'timeout' after so many milliseconds without traffic and does nothing else. Keeps no process alive. */
  setTimeout(timeoutMs: number, onTimeout?: () => void): this {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.timeout = timeoutMs
    if (timeoutMs > 0 && !this.destroyed) {
      this.#timer = setTimeout(() => this.emit('timeout'), timeoutMs).unref()
      if (onTimeout !== undefined) this.once('timeout', onTimeout)
    } else if (onTimeout !== undefined) this.off('timeout', onTimeout)
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  #receive(message: Uint8Array | Uint8ArrayList): void {
    this.#timer?.refresh()
    this.bytesRead += message.byteLength
    let wantsMore = true
    // Part by part, each within one message of the encryption (64 KiB): a reader that pauses at one gets no more at once,
    // however much a paused stream had kept.
    for (const part of message instanceof Uint8Array ? [message] : message) {
      wantsMore = this.push(Buffer.from(part.buffer, part.byteOffset, part.byteLength))
    }
    if (!wantsMore) {
      this.#full = true
      if (!this.#resuming) this.#pause()
    }
    this.#watch?.received(message.byteLength)
  }

  #pause(): void {
    if (this.#stream.readStatus !== 'readable') return
    this.#stream.pause()
    this.#watch?.blocked()
  }

  #send(bytes: Uint8Array | Uint8ArrayList, done: Done): void {
    this.#timer?.refresh()
    const answer = this.#give(bytes)
    if (answer === 'closed') done(lost('EPIPE'))
    else if (answer === 'sent') done()
    else this.#afterDrain(done)
  }

  #give(bytes: Uint8Array | Uint8ArrayList): 'sent' | 'full' | 'closed' {
    try {
      const takesMore = this.#stream.send(bytes)
      this.bytesWritten += bytes.byteLength
      return takesMore ? 'sent' : 'full'
    } catch {
      return 'closed'
    }
  }

  #afterDrain(done: Done): void {
    const settle = (error?: Error): void => {
      this.#draining = false
      this.#timer?.refresh()
      done(error)
    }
    this.#draining = true
    this.#watch?.blocked()
    whenDrained(this.#stream).then(
      () => settle(),
      () => settle(lost()),
    )
  }

  #unreadBytes(): number {
    return this.readableLength + this.#stream.readBufferLength
  }

  /** All that came was delivered. Only FIN makes it an end; without it 'close' says what happened. */
  #endOfStream(): void {
    if (this.#remoteFin) this.push(null)
  }

  #closed(reset: Error | undefined): void {
    if (this.#remoteFin) this.#closedAfterFin()
    else if (reset === undefined && this.#unreadBytes() > 0) this.#failure = lost()
    else this.destroy(lost())
  }

  /** What came is complete and may be read to its end; only what is still to be written is lost. */
  #closedAfterFin(): void {
    if (this.#finishing) return
    if (this.readableEnded) this.destroy(lost())
    else this.once('end', () => this.destroy(lost()))
  }
}

/** The names that Node's own sockets give: HTTP servers and clients act on them. */
function lost(code: 'ECONNRESET' | 'EPIPE' = 'ECONNRESET'): Error {
  const message = code === 'EPIPE' ? 'the stream to the peer is closed for writing' : 'the stream to the peer broke'
  return Object.assign(new Error(message), { code })
}
