import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ErrorCode } from '../../base/errors.ts'
import { type FrameKind, JOURNAL_TYPE, MAX_FRAME_BYTES, toFrame } from '../../federation/journal/frames.ts'
import { toFailurePayload, toHeadPayload } from '../../federation/journal/payloads.ts'

/**
 * An HTTP response that can carry more than one answer's head and bytes: for a member that keeps the tokens. Until
 * `begin` it is any other one. From then on what the routes write goes out in frames (`federation/journal/frames.ts`), and
 * they do not notice; an error that comes before the first token goes out as it is.
 */
export class JournalledResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Told with the head: whether another node could go on with this answer. */
  carriesOn = false
  #stage: 'plain' | 'ready' | 'framed' = 'plain'
  #told = false
  readonly #own = new Map<string, number | string | readonly string[]>()

  begin(): void {
    this.#stage = 'ready'
    // The framework asks this before it answers. A getter of the prototype, which the types take for a field.
    Object.defineProperty(this, 'headersSent', {
      get: () =>
        this.#stage === 'framed' ? this.#told : Reflect.get(ServerResponse.prototype, 'headersSent', this) === true,
    })
  }

  get journalled(): boolean {
    return this.#stage !== 'plain'
  }

  /** Goes out before anything that is written from now on. */
  tokens(payload: Buffer): void {
    if (this.#stage === 'plain' || this.writableEnded) return
    this.#open()
    this.#frame('tokens', payload)
  }

  /** A sign of life: not part of the answer. */
  aside(text: string): void {
    if (this.#stage === 'plain') this.write(text)
    else this.#frame('aside', Buffer.from(text))
  }

  /** Ends an answer that another node may carry on. */
  handOn(code: ErrorCode): void {
    this.#open()
    this.#frame('failed', toFailurePayload(code))
    super.end()
  }

  override setHeader(name: string, value: number | string | readonly string[]): this {
    if (this.#stage !== 'framed') return super.setHeader(name, value)
    this.#own.set(name.toLowerCase(), value)
    return this
  }

  override getHeader(name: string): number | string | string[] | undefined {
    if (this.#stage !== 'framed') return super.getHeader(name)
    const value = this.#own.get(name.toLowerCase())
    return typeof value === 'object' ? [...value] : value
  }

  override getHeaders(): OutgoingHttpHeaders {
    if (this.#stage !== 'framed') return super.getHeaders()
    return Object.fromEntries(
      [...this.#own].map(([name, value]) => [name, typeof value === 'object' ? [...value] : value]),
    )
  }

  override hasHeader(name: string): boolean {
    return this.#stage === 'framed' ? this.#own.has(name.toLowerCase()) : super.hasHeader(name)
  }

  override removeHeader(name: string): void {
    if (this.#stage === 'framed') this.#own.delete(name.toLowerCase())
    else super.removeHeader(name)
  }

  override writeHead(status: number, ...rest: readonly unknown[]): this {
    if (this.#stage === 'ready' && status >= 400) this.#stage = 'plain'
    const given = rest.find((argument) => typeof argument === 'object')
    if (this.#stage === 'plain') {
      return given === undefined ? super.writeHead(status) : super.writeHead(status, given as OutgoingHttpHeaders)
    }
    this.#open()
    this.#told = true
    const headers = { ...this.getHeaders(), ...lowerCase(given as OutgoingHttpHeaders | undefined) }
    this.#frame('head', toHeadPayload({ status, headers, carriesOn: this.carriesOn }))
    return this
  }

  override write(chunk: unknown, ...rest: readonly unknown[]): boolean {
    const [encoding, callback] = readRest(rest)
    if (this.#stage === 'plain') return super.write(chunk, encoding, callback)
    if (!this.#told) this.writeHead(this.statusCode)
    return this.#body(chunk, encoding, callback)
  }

  override end(...rest: readonly unknown[]): this {
    const [chunk, ...others] = typeof rest[0] === 'function' ? [undefined, ...rest] : rest
    const [encoding, callback] = readRest(others)
    if (this.#stage === 'plain') {
      return chunk === undefined || chunk === null ? super.end(callback) : super.end(chunk, encoding, callback)
    }
    if (!this.#told) this.writeHead(this.statusCode)
    // With an error's head the response may have become a plain one.
    if (!this.journalled) return this.end(...rest)
    if (chunk !== undefined && chunk !== null) this.#body(chunk, encoding)
    return super.end(callback)
  }

  #open(): void {
    if (this.#stage === 'framed') return
    for (const [name, value] of Object.entries(super.getHeaders())) {
      if (value === undefined) continue
      this.#own.set(name.toLowerCase(), value)
      super.removeHeader(name)
    }
    // It sets the header with this object's own `setHeader`, which must not be ours yet.
    super.writeHead(200, { 'content-type': JOURNAL_TYPE })
    this.#stage = 'framed'
  }

  #body(chunk: unknown, encoding: BufferEncoding, callback?: (error?: Error | null) => void): boolean {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : (chunk as Uint8Array)
    let roomLeft = true
    for (let at = 0; at < bytes.length; at += MAX_FRAME_BYTES) {
      roomLeft = this.#frame('body', bytes.subarray(at, at + MAX_FRAME_BYTES))
    }
    if (callback !== undefined) queueMicrotask(() => callback())
    return roomLeft
  }

  #frame(kind: FrameKind, payload: Uint8Array): boolean {
    return super.write(toFrame(kind, payload))
  }
}

function readRest(rest: readonly unknown[]): readonly [BufferEncoding, ((error?: Error | null) => void) | undefined] {
  const encoding = rest.find((argument) => typeof argument === 'string') as BufferEncoding | undefined
  const callback = rest.find((argument) => typeof argument === 'function') as
    | ((error?: Error | null) => void)
    | undefined
  return [encoding ?? 'utf8', callback]
}

function lowerCase(headers: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
