import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { toNotStarted } from '../federation/health/unwell.ts'
import { NOT_STARTED_HEADER } from '../federation/routed-request.ts'
import type { Logger } from '../telemetry/logger.ts'
import { isNothingBegun, toAppError, toErrorAnswer } from './error-response.ts'
import type {} from './error-shape.ts'
import { toErrorBody } from './openai/errors.ts'

/** Every error that a route does not answer itself, in OpenAI's shape: LocalAI's for all routes but a few dialects'. */
export function addErrorAnswers(
  app: FastifyInstance,
  { log }: { readonly log: Pick<Logger, 'error'> },
  { toMembers = false }: { readonly toMembers?: boolean } = {},
): void {
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = toAppError(thrown)
    const answer = toErrorAnswer(error, request.id)
    // What a busy or leaving node refuses stands in the log with its status like every answer: there may be thousands.
    const failed = answer.status >= 500 && error.code !== 'node.overloaded' && error.code !== 'node.stopping'
    if (failed) log.error({ id: request.id, code: error.code, err: error }, 'request failed')
    if (answer.status === 401) reply.header('WWW-Authenticate', 'Bearer')
    if (answer.retryAfterSeconds !== undefined) reply.header('Retry-After', answer.retryAfterSeconds)
    if (toMembers && isNothingBegun(error.code)) reply.header(NOT_STARTED_HEADER, toNotStarted(error.code))
    const shape = request.routeOptions.config.errorShape ?? toErrorBody
    return reply.code(answer.status).send(shape(answer))
  })

  app.setNotFoundHandler(async (_request, reply) => {
    const error = { code: 404, message: 'Resource not found', type: '', param: null }
    // A member of another version may know the route.
    if (toMembers) reply.header(NOT_STARTED_HEADER, '1')
    return reply.code(404).send({ error })
  })
}

/** For what the framework refuses before any route: a path that is no path. */
export function answerUnroutable(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = toErrorAnswer(toAppError(thrown), request.id)
  void reply.code(answer.status).send(toErrorBody(answer))
}

/** For what does not even parse as HTTP, or came too slowly: there is no request yet, only a socket. `opaque`: no body. */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Socket,
  { opaque = false }: { readonly opaque?: boolean } = {},
): void {
  // What was already written may be half of an answer, into which nothing can be put.
  if (!socket.writable || socket.bytesWritten > 0 || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = STATUSES[error.code ?? ''] ?? 400
  const message = STATUS_CODES[status] ?? 'Bad Request'
  const body = opaque ? '' : JSON.stringify(toErrorBody({ status, message, param: null }))
  const head = [
    `HTTP/1.1 ${status} ${message}`,
    ...(opaque ? [] : ['Content-Type: application/json']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}
