import { AppError } from '../../base/errors.ts'

/** Asks a member to tell the tokens of its answer as well: the answer comes in frames. */
export const JOURNAL_HEADER = 'x-local-ai-journal'
/** So many bytes of the request's body, its first ones, are tokens that were sampled elsewhere; the client's body follows. */
export const RESUME_HEADER = 'x-local-ai-resume'
export const JOURNAL_TYPE = 'application/vnd.local-ai.journal'

/**
 * `head`: JSON `{status, headers, carriesOn}`, once, before the first `body`. `body`: bytes of the answer; one write of the serving
 * node, so a frame of an event stream ends where an event ends. `tokens`: a count and the records of tokens, before the
 * bytes that were made of them. `aside`: bytes for the client that are no part of the answer (a sign of life).
 * `failed`: JSON `{code}`, the last one: the node cannot go on, and another may.
 */
export type FrameKind = 'head' | 'body' | 'tokens' | 'aside' | 'failed'

export interface Frame {
  readonly kind: FrameKind
  readonly payload: Buffer
}

const KINDS: readonly FrameKind[] = ['head', 'body', 'tokens', 'aside', 'failed']

/** A byte for the kind, four for the length of the payload, big-endian. */
const PREFIX_BYTES = 5
export const MAX_FRAME_BYTES = 64 * 1024
const NOTHING: Buffer = Buffer.alloc(0)

/** Throws nothing: `payload` is at most `MAX_FRAME_BYTES`. */
export function toFrame(kind: FrameKind, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + payload.length)
  frame[0] = KINDS.indexOf(kind)
  frame.writeUInt32BE(payload.length, 1)
  frame.set(payload, PREFIX_BYTES)
  return frame
}

export interface FrameReader {
  /** The frames that are whole now. Throws `peer.unreachable` for what is no frame. */
  take(bytes: Uint8Array): readonly Frame[]
  /** Whether the bytes so far end with a whole frame. */
  readonly between: boolean
}

export function createFrameReader(): FrameReader {
  return new Reader()
}

class Reader implements FrameReader {
  /** Room for the frame, or the prefix, of which only a part is there: pieces of it are copied once, however small they are. */
  #partial = NOTHING
  #filled = 0

  get between(): boolean {
    return this.#filled === 0
  }

  take(bytes: Uint8Array): readonly Frame[] {
    let rest: Buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const frames: Frame[] = []
    while (this.#filled > 0 && rest.length > 0) {
      rest = rest.subarray(this.#fill(rest))
      if (this.#filled < this.#partial.length) return frames
      const whole = this.#partial
      this.#begin(NOTHING)
      if (readFrames(whole, frames) === 0) this.#begin(whole)
    }
    const end = readFrames(rest, frames)
    if (end < rest.length) this.#begin(rest.subarray(end))
    return frames
  }

  #begin(first: Buffer): void {
    this.#partial = first.length === 0 ? NOTHING : Buffer.allocUnsafe(lengthAt(first, 0) ?? PREFIX_BYTES)
    this.#filled = 0
    this.#fill(first)
  }

  /** Gives how many of the bytes it took. */
  #fill(bytes: Buffer): number {
    const taken = bytes.copy(this.#partial, this.#filled)
    this.#filled += taken
    return taken
  }
}

/** Of the whole frame that begins there; undefined while not even its prefix is there. */
function lengthAt(bytes: Buffer, at: number): number | undefined {
  if (bytes.length - at < PREFIX_BYTES) return undefined
  const length = bytes.readUInt32BE(at + 1)
  if (KINDS[bytes[at] ?? KINDS.length] === undefined || length > MAX_FRAME_BYTES) {
    throw new AppError('peer.unreachable', 'what the node answers is no answer')
  }
  return PREFIX_BYTES + length
}

/** Adds the frames that are whole. Gives where the one begins that is not. */
function readFrames(bytes: Buffer, frames: Frame[]): number {
  let at = 0
  for (;;) {
    const length = lengthAt(bytes, at)
    if (length === undefined || length > bytes.length - at) return at
    const kind = KINDS[bytes[at] ?? KINDS.length]
    if (kind !== undefined) frames.push({ kind, payload: bytes.subarray(at + PREFIX_BYTES, at + length) })
    at += length
  }
}
