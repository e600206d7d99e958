import { freemem } from 'node:os'
import { createMetricsSeries, type MetricsSeries } from '../telemetry/metrics-series.ts'

/** The last hour of this process, on the real clock. */
export function composeSeries(): MetricsSeries {
  const processBytes = createProcessBytes(() => process.memoryUsage.rss())
  return createMetricsSeries({
    unixNow: Date.now,
    memory: () => ({ processBytes: processBytes(), machineFreeBytes: freemem() }),
  })
}

/** The system tells it in a file, which cannot be opened without a free descriptor: then it is as it was. */
export function createProcessBytes(read: () => number): () => number {
  let known = 0
  return () => {
    try {
      known = read()
    } catch {
      // No figure of a chart is worth the node.
    }
    return known
  }
}
