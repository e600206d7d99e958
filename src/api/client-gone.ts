import type { FastifyReply } from 'fastify'
import { AppError } from '../base/errors.ts'

/**
 * Aborts when the connection closes before the answer is complete. Fastify's own `request.signal` will not do: it
 * follows the request's `close` event, which comes as soon as the body has been read (seen on 5.12.8, Node 24).
 */
export function clientGone({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const gone = new AbortController()
  const abort = (): void => gone.abort(new AppError('request.cancelled', 'the client has gone'))
  if (raw.destroyed) abort()
  else {
    raw.once('close', () => {
      if (!raw.writableFinished) abort()
    })
  }
  return gone.signal
}
