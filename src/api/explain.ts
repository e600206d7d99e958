import type { FastifyInstance } from 'fastify'
import type { Explainer } from '../federation/explain/create-explainer.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** Asked for by a client, and answered with the id under which the request is explained. */
export const EXPLAIN_HEADER = 'x-localai-explain'

/**
 * Tells the explainer when a client has its answer, or has left, and tells clients that ask for it how to get the
 * explanation: `GET /api/federation/requests/<id>`.
 */
export function addExplanations(app: FastifyInstance, explainer: Pick<Explainer, 'closed'>): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.inference === undefined) return
    const asked = request.headers[EXPLAIN_HEADER]
    if (asked === '1' || asked === 'true') reply.header(EXPLAIN_HEADER, request.id)
    const { raw } = reply
    // After all that the end of the connection has set off: what the router tells of it goes first.
    raw.once('close', () => {
      setImmediate(() => explainer.closed(request.stampText, { status: raw.statusCode, whole: raw.writableFinished }))
    })
  })
}

/** The same metrics; the explainer hears of every request that this node has served itself. */
export function tellServed(metrics: Metrics, explainer: Pick<Explainer, 'servedHere'> | undefined): Metrics {
  if (explainer === undefined) return metrics
  return {
    ...metrics,
    requestFinished(event) {
      metrics.requestFinished(event)
      explainer.servedHere(event)
    },
  }
}
