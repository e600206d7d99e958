import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'

export interface HealthDeps {
  /** Why the node is not ready; undefined when it is. */
  readonly startingBecause: () => string | undefined
  /** True from the moment the node is asked to stop: nobody should send it new work. */
  readonly stopping: () => boolean
  /** True while the node finishes what runs and takes nothing new. */
  readonly draining: () => boolean
}

const tags = ['system']
const alive = { tags, summary: 'Whether the node lives', response: { 200: Type.Null({ description: 'it does' }) } }
const ready = {
  tags,
  summary: 'Whether the node can answer',
  response: {
    200: Type.Null({ description: 'it can' }),
    503: Type.Object(
      { status: Type.Enum(['starting', 'stopping', 'draining']), reason: Type.String() },
      { description: 'not yet, or not any more' },
    ),
  },
}

export const health: FastifyPluginAsync<HealthDeps> = async (app, { startingBecause, stopping, draining }) => {
  app.get('/healthz', { schema: alive, logLevel: 'debug' }, async (_request, reply) => reply.code(200).send())
  app.get('/readyz', { schema: ready, logLevel: 'debug' }, async (_request, reply) => {
    if (stopping()) return reply.code(503).send({ status: 'stopping', reason: 'the node is shutting down' })
    if (draining()) return reply.code(503).send({ status: 'draining', reason: 'the node takes nothing new' })
    const reason = startingBecause()
    return reason === undefined ? reply.code(200).send() : reply.code(503).send({ status: 'starting', reason })
  })
}
