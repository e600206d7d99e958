import type { StreamEvents } from '../worker-stream.ts'
import type { AnswerQueue } from './answer-queue.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readWord } from './rpc-protocol.ts'
import { FIELD } from './tensor.ts'
import { hashBytes, offerOf, type Piece, pieceHead } from './weight-pieces.ts'

/** Pieces that are offered or being sent hold so much memory at most. */
const WINDOW_BYTES = 32 * 2 ** 20

export type CarriedAnswer =
  | { readonly to: 'engine'; readonly bytes: number; readonly command: number }
  | { readonly to: 'offer'; readonly piece: Piece }

export interface CarryPiecesDeps {
  readonly stream: ByteWriter
  readonly answers: AnswerQueue<CarriedAnswer>
  readonly events?: StreamEvents
}

/** Weights on their way to the guard: hashed, offered, and sent when it has not got them. */
export interface CarryPieces {
  /** Resolves when the piece is offered and there is room for the next one. */
  offer(piece: Omit<Piece, 'hash'>): Promise<void>
  /** The guard's answer to an offer; resolves when the piece has been sent, if it must be. */
  answered(piece: Piece, there: boolean): Promise<void>
  /** Whether a piece that goes into these bytes of the worker is still on its way. */
  overlaps(start: number, length: number): boolean
  /** Resolves when no piece is on its way, or all is over. */
  settled(): Promise<void>
  /** Messages may not be cut by others: runs the work when no other message is being written. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
  close(): void
}

export function startOf(piece: { readonly tensor: Buffer; readonly offset: number }): number {
  return readWord(piece.tensor, FIELD.data) + piece.offset
}

export function createCarryPieces({ stream, answers, events }: CarryPiecesDeps): CarryPieces {
  const onTheWay = new Set<Piece>()
  let heldBytes = 0
  let closed = false
  let turn: Promise<unknown> = Promise.resolve()
  let changed = Promise.withResolvers<void>()

  function done(piece: Piece, cached: boolean): void {
    onTheWay.delete(piece)
    heldBytes -= piece.bytes.length
    events?.weights?.({ bytes: piece.bytes.length, cached })
    wake()
  }
  function wake(): void {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }
  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }
  async function write(...parts: readonly Uint8Array[]): Promise<void> {
    await exclusive(async () => {
      for (const part of parts) stream.write(part)
      if (stream.full) await stream.drained()
    })
  }

  return {
    async offer(unhashed) {
      const piece = { ...unhashed, hash: await hashBytes(unhashed.bytes) }
      onTheWay.add(piece)
      heldBytes += piece.bytes.length
      answers.push({ to: 'offer', piece })
      await write(offerOf(piece))
      while (heldBytes >= WINDOW_BYTES && !closed) await changed.promise
    },
    async answered(piece, there) {
      if (!there) await write(pieceHead(piece), piece.bytes)
      done(piece, there)
    },
    overlaps(start, length) {
      for (const piece of onTheWay) {
        const at = startOf(piece)
        if (start < at + piece.bytes.length && at < start + length) return true
      }
      return false
    },
    async settled() {
      while (onTheWay.size > 0 && !closed) await changed.promise
    },
    exclusive,
    close() {
      closed = true
      onTheWay.clear()
      wake()
    },
  }
}
