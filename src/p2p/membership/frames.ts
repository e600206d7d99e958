import { Uint8ArrayList } from 'uint8arraylist'
import { AppError } from '../../base/errors.ts'
import { MAX_ENVELOPE_BYTES } from './record-codec.ts'

/** One message of a link: `uint32be length, uint8 type, payload`; the length counts type and payload. */
export interface Frame {
  readonly type: number
  readonly payload: Uint8Array
}

const LENGTH_BYTES = 4
/** Of type and payload. */
const MAX_FRAME_BYTES = MAX_ENVELOPE_BYTES + 64

export function encodeFrame({ type, payload }: Frame): Uint8Array {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + 1 + payload.byteLength)
  bytes.writeUInt32BE(1 + payload.byteLength)
  bytes.writeUInt8(type, LENGTH_BYTES)
  bytes.set(payload, LENGTH_BYTES + 1)
  return bytes
}

/** Cuts what arrives into frames. */
export interface FrameDecoder {
  append(chunk: Uint8Array | Uint8ArrayList): void
  /** The next complete frame. Throws `peer.unreachable` as soon as a length beyond the bounds is announced. */
  next(): Frame | undefined
  readonly heldBytes: number
}

export function createFrameDecoder(): FrameDecoder {
  const pending = new Uint8ArrayList()
  return {
    append: (chunk) => pending.append(chunk),
    next() {
      if (pending.byteLength < LENGTH_BYTES) return undefined
      const length = pending.getUint32(0)
      if (length < 1 || length > MAX_FRAME_BYTES) {
        throw new AppError(
          'peer.unreachable',
          `it announced a frame of ${length} bytes; 1 to ${MAX_FRAME_BYTES} may be`,
        )
      }
      if (pending.byteLength < LENGTH_BYTES + length) return undefined
      // Copied: a record is kept, and must not keep the whole piece of the network that it came in.
      const frame = Uint8Array.from(pending.subarray(LENGTH_BYTES, LENGTH_BYTES + length))
      pending.consume(LENGTH_BYTES + length)
      return { type: frame[0] ?? 0, payload: frame.subarray(1) }
    },
    get heldBytes() {
      return pending.byteLength
    },
  }
}
