import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** `request-id`, which Anthropic's clients show with an error, and `x-request-id`, which is the caller's own if it has one. */
export function addRequestIds(app: FastifyInstance): void {
  // Streams are written past the framework; refusals come before this hook.
  app.addHook('onRequest', async (request, reply) => tell(request, reply))
  app.addHook('onSend', async (request, reply) => tell(request, reply))
}

function tell({ id, headers }: FastifyRequest, reply: FastifyReply): void {
  const given = headers['x-request-id']
  reply.header('request-id', id)
  reply.header('x-request-id', typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : id)
}
