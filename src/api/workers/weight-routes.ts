import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { MAX_PIECES_AT_ONCE } from '../../workers/lease/lease-words.ts'
import type { ModelPieces } from '../../workers/lease/model-pieces.ts'
import { MAX_PIECE_BYTES } from '../../workers/wire/rpc-protocol.ts'
import type { PiecePlace, WeightStore } from '../../workers/worker-stream.ts'

/** Pieces that are in memory for members at the same time: each has 4 MiB at most. */
const MAX_AT_ONCE = 8
/** Most questions of one member in a second; a miss costs next to nothing, and a hit a read of the disk. */
const MAX_A_SECOND = 200
/** Beyond so many members, whose counts are remembered, all begin anew. */
const MAX_MEMBERS = 1024

export interface WeightRoutesDeps {
  /** Absent: this node keeps none. */
  readonly weights: Pick<WeightStore, 'get'> | undefined
  /** Absent: this node has no models. */
  readonly modelPieces?: ModelPieces | undefined
  /** Milliseconds of any clock. */
  readonly now?: () => number
}

const Place = Type.Object({
  tensor: Type.String({ minLength: 1, maxLength: 63 }),
  offset: Type.String({ pattern: '^[0-9]{1,15}$' }),
  length: Type.String({ pattern: '^[1-9][0-9]{0,7}$' }),
})

const Piece = Type.Unknown({ contentMediaType: 'application/octet-stream', description: 'the piece' })

/**
 * Pieces of weights that this node keeps, or has in the files of its models, for members whose workers need them. Whoever asks for one knows its SHA-256, and
 * with it has seen it, or was offered it.
 */
export const weightRoutes: FastifyPluginAsyncTypebox<WeightRoutesDeps> = async (
  app,
  { weights, modelPieces, now = () => performance.now() },
) => {
  const running = new Map<string, number>()
  const admit = createRate(now)
  let all = 0

  async function atOnce<T>(member: string, work: () => Promise<T>): Promise<T> {
    const own = running.get(member) ?? 0
    if (!admit(member) || all >= MAX_AT_ONCE || own >= MAX_PIECES_AT_ONCE) {
      throw new AppError('request.rate-limited', 'too many pieces are asked for at the same time')
    }
    all += 1
    running.set(member, own + 1)
    try {
      return await work()
    } finally {
      all -= 1
      const left = (running.get(member) ?? 1) - 1
      if (left === 0) running.delete(member)
      else running.set(member, left)
    }
  }

  app.get(
    '/p2p/weights/:hash',
    {
      schema: {
        params: Type.Object({ hash: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
        querystring: Type.Partial(Place),
        response: { 200: Piece },
      },
    },
    async (request, reply) => {
      const { hash } = request.params
      const place = toPlace(request.query)
      const piece = await atOnce(request.raw.socket.remoteAddress ?? '', async () => {
        const kept = await weights?.get(hash)
        return kept ?? (place && (await modelPieces?.read(hash, place)))
      })
      if (piece === undefined) throw new AppError('request.not-found', 'this piece is not kept here')
      return reply.type('application/octet-stream').send(piece)
    },
  )
}

function toPlace({ tensor, offset, length }: Partial<Static<typeof Place>>): PiecePlace | undefined {
  if (tensor === undefined || offset === undefined || length === undefined) return undefined
  if (Number(length) > MAX_PIECE_BYTES) throw new AppError('request.invalid', 'no piece is as long as that')
  return { tensor, offset: Number(offset), length: Number(length) }
}

function createRate(now: () => number): (member: string) => boolean {
  let second = 0
  const asked = new Map<string, number>()
  return (member) => {
    const current = Math.floor(now() / 1000)
    if (current !== second || asked.size > MAX_MEMBERS) asked.clear()
    second = current
    const count = (asked.get(member) ?? 0) + 1
    asked.set(member, count)
    return count <= MAX_A_SECOND
  }
}
