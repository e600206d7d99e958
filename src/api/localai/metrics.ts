import type { FastifyPluginAsync } from 'fastify'
import type { Metrics } from '../../telemetry/metrics.ts'

export interface MetricsDeps {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
}

export const metricsRoute: FastifyPluginAsync<MetricsDeps> = async (app, { metrics }) => {
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
}
