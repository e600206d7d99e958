import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { Lending, toLending, type WorkersSeen } from './p2p-workers.ts'

const Change = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean()),
    memory: Type.Optional(Type.String({ maxLength: 32, description: '8GB; empty: a share of what is free' })),
    threads: Type.Optional(Type.Integer({ minimum: 0, maximum: 4096, description: '0: all cores' })),
    to: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 256 })),
  },
  { additionalProperties: false },
)

const URL = '/api/p2p/lending'
const config = { access: 'admin' } as const
const about = (summary: string) => ({ tags: ['p2p'], summary, response: { 200: Lending } })

/** Ours: `local-ai p2p lend`. */
export const lendingRoutes: FastifyPluginAsyncTypebox<{ readonly workers: WorkersSeen | undefined }> = async (
  app,
  { workers },
) => {
  function member(): WorkersSeen {
    if (workers !== undefined) return workers
    const reason = 'this node is in no network, or an entry to one, so nobody could borrow: start it with run --p2p'
    throw new AppError('request.conflict', reason)
  }
  app.get(URL, { schema: about('What this node lends of its memory'), config }, async () =>
    toLending(member().lending()),
  )
  app.put(
    URL,
    { schema: { ...about('Lend memory, or do not; what is not named stays as it is'), body: Change }, config },
    async ({ body }) => {
      await member().change(body).catch(refuse)
      return toLending(member().lending())
    },
  )
}

/** What is wrong with the request is the caller's fault. */
function refuse(thrown: unknown): never {
  const error = AppError.from(thrown, 'internal')
  if (error.code !== 'config.invalid') throw error
  throw new AppError('request.invalid', error.message, { cause: error })
}
