import type { FastifyPluginAsync } from 'fastify'
import type { NodeState } from './node-state.ts'

export interface HealthDeps {
  readonly state: Pick<NodeState, 'startingBecause'>
  /** True from the moment the node is asked to stop: nobody should send it new work. */
  readonly stopping: () => boolean
}

export const health: FastifyPluginAsync<HealthDeps> = async (app, { state, stopping }) => {
  app.get('/healthz', { logLevel: 'debug' }, async (_request, reply) => reply.code(200).send())
  app.get('/readyz', { logLevel: 'debug' }, async (_request, reply) => {
    if (stopping()) return reply.code(503).send({ status: 'stopping', reason: 'the node is shutting down' })
    const reason = state.startingBecause()
    return reason === undefined ? reply.code(200).send() : reply.code(503).send({ status: 'starting', reason })
  })
}
