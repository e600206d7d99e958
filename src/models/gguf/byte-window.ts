import type { AbortOptions } from '../../base/signals.ts'
import { fileProblem } from './file-problem.ts'

/** Bytes that can be read at any place: an open file, or a buffer in a test. */
export interface ByteSource {
  readonly size: number
  /** Fills `into` from `position` on and says how many bytes came; fewer than asked for only at the end. */
  read(position: number, into: Uint8Array): Promise<number>
}

export const WINDOW_BYTES = 1024 * 1024

/** The largest header read: 40 times that of today's largest vocabularies. */
export const MAX_HEADER_BYTES = 256 * 1024 * 1024

/**
 * Reads a file forwards through a window of at most 1 MiB, whatever the lengths in the file claim.
 * HOT PATH: a vocabulary has a quarter of a million strings. So only `ensure` and `skipStrings` wait, and the reads
 * between two waits are plain loads.
 */
export class ByteWindow {
  readonly #source: ByteSource
  readonly #signal: AbortSignal | undefined
  readonly #buffer: Buffer
  /** Place in the file of the first byte in the buffer. */
  #start = 0
  /** Bytes in the buffer. */
  #length = 0
  /** Next unread byte, counted from the start of the buffer; beyond its end after a long skip. */
  #cursor = 0

  constructor(source: ByteSource, options: AbortOptions = {}) {
    this.#source = source
    this.#signal = options.signal
    this.#buffer = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, source.size))
  }

  get position(): number {
    return this.#start + this.#cursor
  }

  get remaining(): number {
    return this.#source.size - this.position
  }

  /** Makes the next `count` bytes (at most the window) readable without waiting. */
  async ensure(count: number): Promise<void> {
    if (this.#length - this.#cursor >= count) return
    this.#refuseBeyondEnd(count)
    this.#signal?.throwIfAborted()
    const { position } = this
    if (position > MAX_HEADER_BYTES) {
      throw fileProblem(`its header is longer than ${MAX_HEADER_BYTES} bytes`, { position })
    }
    const kept = Math.max(0, this.#length - this.#cursor)
    if (kept > 0) this.#buffer.copyWithin(0, this.#cursor, this.#length)
    this.#start = position
    this.#length = kept
    this.#cursor = 0
    while (this.#length < count) {
      const got = await this.#source.read(this.#start + this.#length, this.#buffer.subarray(this.#length))
      if (got === 0) throw endsInHeader(this.#start + this.#length)
      this.#length += got
    }
  }

  u8(): number {
    const value = this.#buffer.readUInt8(this.#cursor)
    this.#cursor += 1
    return value
  }

  u32(): number {
    const value = this.#buffer.readUInt32LE(this.#cursor)
    this.#cursor += 4
    return value
  }

  /** Rounded above 2^53, which is beyond every bound that is checked. */
  u64(): number {
    const value = this.#buffer.readUInt32LE(this.#cursor) + this.#buffer.readUInt32LE(this.#cursor + 4) * 0x1_0000_0000
    this.#cursor += 8
    return value
  }

  /** Hands out the next `count` bytes, which the next wait overwrites. */
  bytes(count: number): Buffer {
    const slice = this.#buffer.subarray(this.#cursor, this.#cursor + count)
    this.#cursor += count
    return slice
  }

  /** Passes over `count` bytes without reading them. */
  skip(count: number): void {
    this.#refuseBeyondEnd(count)
    this.#cursor += count
  }

  /** Passes over `count` strings, each a length and that many bytes. */
  async skipStrings(count: number, maxLength: number): Promise<void> {
    let left = count
    while (left > 0) {
      await this.ensure(8)
      while (left > 0 && this.#length - this.#cursor >= 8) {
        const length = this.u64()
        if (length > maxLength) throw fileProblem(`it has a string of ${length} bytes in a list`, { length })
        this.skip(length)
        left -= 1
      }
    }
  }

  #refuseBeyondEnd(count: number): void {
    if (count > this.remaining) throw endsInHeader(this.#source.size)
  }
}

function endsInHeader(size: number): Error {
  return fileProblem(`it is cut off after ${size} bytes, inside its header`, { sizeBytes: size })
}
