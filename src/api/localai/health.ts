import type { FastifyPluginAsync } from 'fastify'

export interface HealthDeps {
  /** Why the node is not ready; undefined when it is. */
  readonly startingBecause: () => string | undefined
  /** True from the moment the node is asked to stop: nobody should send it new work. */
  readonly stopping: () => boolean
}

export const health: FastifyPluginAsync<HealthDeps> = async (app, { startingBecause, stopping }) => {
  app.get('/healthz', { logLevel: 'debug' }, async (_request, reply) => reply.code(200).send())
  app.get('/readyz', { logLevel: 'debug' }, async (_request, reply) => {
    if (stopping()) return reply.code(503).send({ status: 'stopping', reason: 'the node is shutting down' })
    const reason = startingBecause()
    return reason === undefined ? reply.code(200).send() : reply.code(503).send({ status: 'starting', reason })
  })
}
