import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { statusOf, toAppError } from '../error-response.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Set when no error may say what went wrong: also what ends a stream then says nothing. */
    readonly opaqueErrors?: true
  }
}

/** Every error keeps its status and its headers and loses its body. */
export function addOpaqueErrors(app: FastifyInstance): void {
  app.decorate('opaqueErrors', true)
  app.addHook('onSend', async (_request, reply, payload) => {
    if (reply.statusCode < 400) return payload
    reply.removeHeader('content-type')
    reply.removeHeader('content-length')
    return ''
  })
}

/** For what the framework refuses before any route and its hooks. */
export function answerUnroutableBlankly(thrown: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  void reply.code(statusOf(toAppError(thrown).code)).send()
}

/** Asks another node to say nothing of a failure in its stream either. Sent by a client, it only hides from itself. */
export const OPAQUE_HEADER = 'x-local-ai-opaque'

/** What a stream may tell of its failure. */
export function toldInStream(
  error: AppError,
  { server, headers }: Pick<FastifyRequest, 'server' | 'headers'>,
): AppError {
  const opaque = server.opaqueErrors === true || headers[OPAQUE_HEADER] === '1'
  return opaque ? new AppError('internal', 'internal error') : error
}
