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
  #rest = NOTHING

  get between(): boolean {
    return this.#rest.length === 0
  }

  take(bytes: Uint8Array): readonly Frame[] {
    const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const all = this.#rest.length === 0 ? given : Buffer.concat([this.#rest, given])
    const frames: Frame[] = []
    let at = 0
    while (all.length - at >= PREFIX_BYTES) {
      const kind = KINDS[all[at] ?? KINDS.length]
      const length = all.readUInt32BE(at + 1)
      if (kind === undefined || length > MAX_FRAME_BYTES) {
        throw new AppError('peer.unreachable', 'what the node answers is no answer')
      }
      const end = at + PREFIX_BYTES + length
      if (end > all.length) break
      frames.push({ kind, payload: all.subarray(at + PREFIX_BYTES, end) })
      at = end
    }
    // Not an empty view: the buffer of what was read last would stay for as long as the answer takes.
    this.#rest = at === all.length ? NOTHING : all.subarray(at)
    return frames
  }
}
