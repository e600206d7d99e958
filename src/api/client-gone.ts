import type { FastifyReply } from 'fastify'
import { AppError } from '../base/errors.ts'

type Answering = Pick<FastifyReply, 'raw'>

/**
 * Gives each request its signal: it aborts when the connection closes before the answer is complete, and with `giveUp`.
 * Fastify's own `request.signal` will not do: it follows the request's `close` event, which comes as soon as the body has
 * been read (seen on 5.12.8, Node 24). And not `AbortSignal.any`: a signal that follows another one costs a request
 * several times what this does (bench/request-parts.ts).
 */
export function createRequestSignals(giveUp: AbortSignal): (reply: Answering) => AbortSignal {
  const open = new Set<AbortController>()
  giveUp.addEventListener(
    'abort',
    () => {
      for (const controller of open) controller.abort(giveUp.reason)
    },
    { once: true },
  )
  return ({ raw }) => {
    const controller = new AbortController()
    if (giveUp.aborted) controller.abort(giveUp.reason)
    else if (raw.destroyed) controller.abort(gone())
    else {
      open.add(controller)
      raw.once('close', () => {
        open.delete(controller)
        if (!raw.writableFinished) controller.abort(gone())
      })
    }
    return controller.signal
  }
}

/** For what is no work on a model: only the client ends it. */
export function clientGone(reply: Answering): AbortSignal {
  return signalOfClient(reply)
}

const signalOfClient = createRequestSignals(new AbortController().signal)

function gone(): AppError {
  return new AppError('request.cancelled', 'the client has gone')
}
