import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { MetricsSeries } from '../../telemetry/metrics-series.ts'

export interface MetricsSeriesDeps {
  readonly series: Pick<MetricsSeries, 'intervalMs' | 'since'>
}

const Point = Type.Object({
  /** Unix time in milliseconds. */
  at: Type.Number(),
  requestsPerSecond: Type.Number(),
  forwardedPerSecond: Type.Number(),
  failedPerSecond: Type.Number(),
  promptTokensPerSecond: Type.Number(),
  completionTokensPerSecond: Type.Number(),
  firstTokenP50Ms: Type.Union([Type.Number(), Type.Null()]),
  firstTokenP95Ms: Type.Union([Type.Number(), Type.Null()]),
  running: Type.Integer(),
  queued: Type.Integer(),
  processBytes: Type.Number(),
  machineFreeBytes: Type.Number(),
})

const schema = {
  tags: ['system'],
  summary: 'A few figures of this node over the last hour',
  querystring: Type.Object({ since: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })) }),
  response: { 200: Type.Object({ intervalMs: Type.Number(), points: Type.Array(Point) }) },
}

/** Ours: for charts. `since` is the time of the last point that is known already. */
export const metricsSeries: FastifyPluginAsyncTypebox<MetricsSeriesDeps> = async (app, { series }) => {
  app.get('/api/metrics/series', { schema }, async ({ query: { since = '0' } }) => ({
    intervalMs: series.intervalMs,
    points: series.since(Number(since)).map(({ unixMs, ...figures }) => ({ at: unixMs, ...figures })),
  }))
}
