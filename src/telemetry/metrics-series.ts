import type { Startable } from '../base/lifecycle.ts'
import type { Metrics } from './metrics.ts'

/** What one moment looked like; rates are of the time since the moment before. */
export interface SeriesPoint {
  readonly unixMs: number
  /** Served by this node itself. */
  readonly requestsPerSecond: number
  readonly forwardedPerSecond: number
  /** Of both, those that ended with a status of 500 or above. */
  readonly failedPerSecond: number
  readonly promptTokensPerSecond: number
  readonly completionTokensPerSecond: number
  /** Of the answers that ended since; null when there were none. */
  readonly firstTokenP50Ms: number | null
  readonly firstTokenP95Ms: number | null
  readonly running: number
  /** Of those that run, without a first token. */
  readonly queued: number
  /** Resident memory of this process, without the backends'. */
  readonly processBytes: number
  readonly machineFreeBytes: number
}

/** A few figures of the node over the last hour, for charts: what Prometheus would have, where there is none. */
export interface MetricsSeries extends Startable {
  readonly intervalMs: number
  /** The same metrics, with every event counted on the way. */
  watch(metrics: Metrics): Metrics
  /** Oldest first; those later than this. */
  since(unixMs: number): readonly SeriesPoint[]
  /** Makes a point of what has been counted; the timer does so every interval. */
  sample(): void
}

export interface MetricsSeriesDeps {
  readonly unixNow: () => number
  /** Milliseconds of a clock that never jumps: rates are of the time that has passed. By default the process's. */
  readonly now?: () => number
  readonly memory: () => Pick<SeriesPoint, 'processBytes' | 'machineFreeBytes'>
}

export interface MetricsSeriesInit {
  readonly intervalMs: number
  readonly maxPoints: number
}

export const SERIES_DEFAULTS: MetricsSeriesInit = { intervalMs: 5000, maxPoints: 720 }

/** Enough for a percentile; on a node that answers more in one interval the rest is left out. */
const MAX_TIMES = 1024

export function createMetricsSeries(
  { unixNow, now = () => performance.now(), memory }: MetricsSeriesDeps,
  { intervalMs, maxPoints }: MetricsSeriesInit = SERIES_DEFAULTS,
): MetricsSeries {
  const points: SeriesPoint[] = []
  let counted = emptyCounts()
  let lastMs = now()
  let running = 0
  let queued = 0
  let timer: ReturnType<typeof setInterval> | undefined

  function sample(): void {
    const [unixMs, nowMs] = [unixNow(), now()]
    const seconds = Math.max(0.001, (nowMs - lastMs) / 1000)
    const times = counted.firstTokenMs.toSorted((left, right) => left - right)
    points.push({
      unixMs,
      requestsPerSecond: rate(counted.requests, seconds),
      forwardedPerSecond: rate(counted.forwarded, seconds),
      failedPerSecond: rate(counted.failed, seconds),
      promptTokensPerSecond: rate(counted.promptTokens, seconds),
      completionTokensPerSecond: rate(counted.completionTokens, seconds),
      firstTokenP50Ms: percentile(times, 0.5),
      firstTokenP95Ms: percentile(times, 0.95),
      running,
      queued,
      ...memory(),
    })
    if (points.length > maxPoints) points.shift()
    counted = emptyCounts()
    lastMs = nowMs
  }

  return {
    intervalMs,
    watch: (metrics) => ({
      ...metrics,
      requestStarted(endpoint) {
        running += 1
        queued += 1
        metrics.requestStarted(endpoint)
      },
      requestAnswering(endpoint) {
        queued -= 1
        metrics.requestAnswering(endpoint)
      },
      requestFinished(event) {
        running -= 1
        // Those with a first token have left the queue when it came.
        if (event.firstTokenMs === undefined) queued -= 1
        else if (counted.firstTokenMs.length < MAX_TIMES) counted.firstTokenMs.push(event.firstTokenMs)
        counted.requests += 1
        if (event.status >= 500) counted.failed += 1
        counted.promptTokens += event.promptTokens
        counted.completionTokens += event.completionTokens
        metrics.requestFinished(event)
      },
      requestForwarded(event) {
        counted.forwarded += 1
        if (event.status >= 500) counted.failed += 1
        metrics.requestForwarded(event)
      },
    }),
    since: (unixMs) => points.filter((point) => point.unixMs > unixMs),
    sample,
    async start() {
      lastMs = now()
      timer ??= setInterval(sample, intervalMs).unref()
    },
    async stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

function emptyCounts() {
  return {
    requests: 0,
    forwarded: 0,
    failed: 0,
    promptTokens: 0,
    completionTokens: 0,
    firstTokenMs: [] as number[],
  }
}

function rate(count: number, seconds: number): number {
  return Math.round((100 * count) / seconds) / 100
}

/** Of sorted values, the smallest that is not below the share. */
function percentile(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
  return value === undefined ? null : Math.round(value)
}
