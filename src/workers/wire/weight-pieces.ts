import { webcrypto } from 'node:crypto'
import { COMMAND, FRAME_BYTES, requestFrame, SET_TENSOR_BYTES, TENSOR_BYTES, writeWord } from './rpc-protocol.ts'

/*
 * The extension of RPC between `CarryEngine` and `GuardWorker`, framed like RPC's own requests.
 *
 * Offer: the tensor, the offset of the piece in it (8 bytes), its length (8), its SHA-256 (32). The answer is one byte: 1, the piece
 * is in the tensor; 0, it must be sent. It is then sent whenever it suits: the tensor, the offset, the hash, the bytes; no answer.
 */

/** Before the bytes in the body of a piece. */
export const PIECE_HEAD_BYTES = TENSOR_BYTES + 8 + 32
export const OFFER_HASH_AT = TENSOR_BYTES + 16
export const PIECE_HASH_AT = TENSOR_BYTES + 8
export const HAVE = new Uint8Array([1])
export const SEND = new Uint8Array([0])

export interface Piece {
  /** The `rpc_tensor`. */
  readonly tensor: Buffer
  readonly offset: number
  readonly bytes: Buffer
  /** SHA-256, raw. */
  readonly hash: Buffer
}

/** Computed beside the event loop. */
export async function hashBytes(bytes: Uint8Array): Promise<Buffer> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}

export function offerOf(piece: Piece): Buffer {
  const offer = Buffer.allocUnsafe(TENSOR_BYTES + 48)
  piece.tensor.copy(offer)
  writeWord(offer, piece.offset, TENSOR_BYTES)
  writeWord(offer, piece.bytes.length, TENSOR_BYTES + 8)
  piece.hash.copy(offer, OFFER_HASH_AT)
  return Buffer.concat([requestFrame(COMMAND.offerPiece, offer.length), offer])
}

/** All of the message but the bytes themselves. */
export function pieceHead(piece: Piece): Buffer {
  const head = Buffer.allocUnsafe(PIECE_HEAD_BYTES)
  piece.tensor.copy(head)
  writeWord(head, piece.offset, TENSOR_BYTES)
  piece.hash.copy(head, PIECE_HASH_AT)
  return Buffer.concat([requestFrame(COMMAND.sendPiece, head.length + piece.bytes.length), head])
}

/** All of a SET_TENSOR but its data. */
export function setTensorHead(tensor: Buffer, offset: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(FRAME_BYTES + SET_TENSOR_BYTES)
  requestFrame(COMMAND.setTensor, SET_TENSOR_BYTES + length).copy(head)
  tensor.copy(head, FRAME_BYTES, 0, TENSOR_BYTES)
  head[FRAME_BYTES + TENSOR_BYTES] = 0
  writeWord(head, offset, FRAME_BYTES + TENSOR_BYTES + 1)
  return head
}
