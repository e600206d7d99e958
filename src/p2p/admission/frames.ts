import type { Exclusion } from '../roster/roster.ts'

/**
 * The first byte of every frame in every version of the protocol, so that two versions can name each other instead of
 * failing without a word.
 */
export const ADMISSION_VERSION = 1

/** The longest frame of any version that is read at all. */
export const MAX_FRAME_BYTES = 256

export const MAC_BYTES = 32

/**
 * `proof`: initiator to responder, "I know the key of this step". The other three answer it. `accepted`: the responder's
 * own proof. `clock`: the proof is right, but its step is out of the window. `removed`, `not-admitted`: it is right, but the
 * owner does not want the initiator in the network. `refused`: everything else, alike.
 */
export type FrameKind = 'proof' | 'accepted' | 'clock' | 'refused' | Exclusion

/**
 * On the wire, inside Noise: version (1 byte), kind (1), step (8, big endian, the counter of RFC 6238), MAC (32).
 * All kinds have the same length, so that the ciphertext's length tells an onlooker nothing.
 */
export interface AdmissionFrame {
  readonly kind: FrameKind
  /** The sender's step; 0 in `refused`. */
  readonly step: number
  /** Zeros in `refused`. */
  readonly mac: Uint8Array
}

export type DecodedFrame =
  | AdmissionFrame
  | { readonly kind: 'other-version'; readonly version: number }
  | { readonly kind: 'malformed' }

const KINDS: readonly FrameKind[] = ['proof', 'accepted', 'clock', 'refused', 'removed', 'not-admitted']
const STEP_OFFSET = 2
const MAC_OFFSET = STEP_OFFSET + 8
const FRAME_BYTES = MAC_OFFSET + MAC_BYTES

export const REFUSED: AdmissionFrame = { kind: 'refused', step: 0, mac: new Uint8Array(MAC_BYTES) }

/** The byte that stands for a kind, on the wire and under the MAC. */
export function kindByte(kind: FrameKind): number {
  return KINDS.indexOf(kind) + 1
}

export function encodeFrame(frame: AdmissionFrame): Uint8Array {
  const bytes = Buffer.alloc(FRAME_BYTES)
  bytes[0] = ADMISSION_VERSION
  bytes[1] = kindByte(frame.kind)
  bytes.writeBigUInt64BE(BigInt(frame.step), STEP_OFFSET)
  bytes.set(frame.mac, MAC_OFFSET)
  return bytes
}

/** Never throws: what is no frame of this version is said to be `other-version` or `malformed`. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const version = bytes[0]
  if (version === undefined || version === 0 || bytes.length > MAX_FRAME_BYTES) return { kind: 'malformed' }
  if (version !== ADMISSION_VERSION) return { kind: 'other-version', version }
  const kind = KINDS[(bytes[1] ?? 0) - 1]
  if (kind === undefined || bytes.length !== FRAME_BYTES) return { kind: 'malformed' }
  const step = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(STEP_OFFSET)
  if (step > BigInt(Number.MAX_SAFE_INTEGER)) return { kind: 'malformed' }
  return { kind, step: Number(step), mac: bytes.subarray(MAC_OFFSET) }
}
