import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { PeerToPeer } from './p2p-nodes.ts'

export interface MetricsDeps {
  readonly metrics: Pick<Metrics, 'text' | 'contentType' | 'networkSeen' | 'queueSeen'>
  readonly p2p: Pick<PeerToPeer, 'status'> | undefined
  /** Requests that wait for a free node. Absent: this node has no queue. */
  readonly waiting: (() => number) | undefined
}

const schema = { tags: ['system'], summary: 'Metrics for Prometheus', response: { 200: Type.String() } }

export const metricsRoute: FastifyPluginAsync<MetricsDeps> = async (app, { metrics, p2p, waiting }) => {
  app.get('/metrics', { schema }, async (_request, reply) => {
    if (p2p !== undefined) metrics.networkSeen(p2p.status())
    if (waiting !== undefined) metrics.queueSeen(waiting())
    return reply.type(metrics.contentType).send(await metrics.text())
  })
}
