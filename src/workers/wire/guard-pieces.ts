import type { AbortOptions } from '../../base/signals.ts'
import type { FetchWeights, PiecePlace, StreamEvents, WeightStore } from '../worker-stream.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readWord, TENSOR_BYTES } from './rpc-protocol.ts'
import { tensorName } from './tensor.ts'
import {
  HAVE,
  hashBytes,
  OFFER_HASH_AT,
  PIECE_HASH_AT,
  PIECE_HEAD_BYTES,
  SEND,
  setTensorHead,
} from './weight-pieces.ts'

/** Pieces that are being looked for, or written to the disk, at once. */
const MAX_AT_ONCE = 8

export interface GuardPiecesDeps extends AbortOptions {
  readonly worker: ByteWriter
  readonly weights?: WeightStore | undefined
  readonly fetchWeights?: FetchWeights
  readonly events?: StreamEvents
}

/** Weights that come by their hash. What they are for has been checked. */
export interface GuardPieces {
  /** An offer's body. Resolves with the answer once a piece that is here has gone to the worker. Never rejects. */
  offered(body: Buffer): Promise<Uint8Array>
  /** Resolves when another offer may be taken. */
  room(): Promise<void>
  readonly busy: boolean
  /** Resolves when no piece is on its way to the worker, so that other messages keep their order. */
  settled(): Promise<void>
  /** The body of a piece. False: the bytes are not what the hash says, and have gone nowhere. */
  sent(body: Buffer): Promise<boolean>
}

export function createGuardPieces(deps: GuardPiecesDeps): GuardPieces {
  const { worker, weights, events } = deps
  const options = deps.signal === undefined ? {} : { signal: deps.signal }
  let last: Promise<unknown> = Promise.resolve()
  let looking = 0
  const keeping = new Set<Promise<void>>()

  /** Resolves when there is room for another. */
  async function keep(hash: string, bytes: Buffer): Promise<void> {
    if (weights === undefined) return
    const kept = weights
      .put(hash, bytes, options)
      .catch(() => {})
      .finally(() => keeping.delete(kept))
    keeping.add(kept)
    if (keeping.size >= MAX_AT_ONCE) await Promise.race(keeping)
  }
  async function fetched(hash: string, place: PiecePlace): Promise<Buffer | undefined> {
    const bytes = await deps.fetchWeights?.(hash, place, options)
    if (bytes === undefined || (await hashBytes(bytes)).toString('hex') !== hash) return
    await keep(hash, bytes)
    return bytes
  }
  async function find(hash: string, place: PiecePlace): Promise<Buffer | undefined> {
    try {
      const bytes = (await weights?.get(hash, options)) ?? (await fetched(hash, place))
      return bytes?.length === place.length ? bytes : undefined
    } catch {
      // A disk that fails or a member that is gone: the user sends the piece.
      return
    }
  }
  async function write(tensor: Buffer, offset: number, bytes: Buffer): Promise<void> {
    worker.write(setTensorHead(tensor, offset, bytes.length))
    worker.write(bytes)
    if (worker.full) await worker.drained()
  }

  return {
    offered(body) {
      const length = readWord(body, TENSOR_BYTES + 8)
      const place = { tensor: tensorName(body), offset: readWord(body, TENSOR_BYTES), length }
      const found = find(body.toString('hex', OFFER_HASH_AT), place)
      const before = last
      looking += 1
      const answer = (async () => {
        const bytes = await found
        await before
        if (bytes !== undefined) await write(body, place.offset, bytes)
        looking -= 1
        if (bytes !== undefined) events?.weights?.({ bytes: length, cached: true })
        return bytes === undefined ? SEND : HAVE
      })()
      last = answer
      return answer
    },
    async room() {
      if (looking >= MAX_AT_ONCE) await last
    },
    get busy() {
      return looking > 0
    },
    async settled() {
      await last
    },
    async sent(body) {
      const bytes = body.subarray(PIECE_HEAD_BYTES)
      const hash = body.subarray(PIECE_HASH_AT, PIECE_HEAD_BYTES)
      if (!hash.equals(await hashBytes(bytes))) return false
      await write(body, readWord(body, TENSOR_BYTES), bytes)
      events?.weights?.({ bytes: bytes.length, cached: false })
      await keep(hash.toString('hex'), bytes)
      return true
    },
  }
}
