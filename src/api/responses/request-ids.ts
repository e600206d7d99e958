import type { FastifyInstance } from 'fastify'

/** `x-request-id`, which OpenAI's clients show: the caller's own if it has one, else the node's id of the request. */
export function addRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ id, headers }, reply) => {
    const given = headers['x-request-id']
    reply.header('x-request-id', typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : id)
  })
}
