import { freemem } from 'node:os'
import { createMetricsSeries, type MetricsSeries } from '../telemetry/metrics-series.ts'

/** The last hour of this process, on the real clock. */
export function composeSeries(): MetricsSeries {
  return createMetricsSeries({
    unixNow: Date.now,
    memory: () => ({ processBytes: process.memoryUsage.rss(), machineFreeBytes: freemem() }),
  })
}
