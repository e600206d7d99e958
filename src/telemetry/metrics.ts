import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { createLoadMetrics, type LoadMetrics } from './load-metrics.ts'
import type { Logger } from './logger.ts'
import { measureLoopLag } from './loop-lag.ts'
import { createNetworkMetrics, type NetworkMetrics } from './network-metrics.ts'
import { createPlacementMetrics, type PlacementMetrics } from './placement-metrics.ts'
import { createUpstreamMetrics, type UpstreamMetrics } from './upstream-metrics.ts'
import { createWorkerMetrics, type WorkerMetrics } from './worker-metrics.ts'

/** Which kind of work a request asked for. A closed list: it is a label. */
export type Endpoint =
  | 'chat'
  | 'completion'
  | 'edit'
  | 'embeddings'
  | 'tokenize'
  | 'messages'
  | 'responses'
  | 'rerank'
  | 'image'
  | 'video'
  | 'speech'
  | 'sound'
  | 'transcription'
  | 'vad'
  | 'detection'
  | 'store'
  | 'mcp'

export interface RequestFinished {
  readonly id: string
  readonly endpoint: Endpoint
  /** A configured model's name, or undefined: names that callers make up never become labels. */
  readonly model: string | undefined
  /** The status of the answer; of a stream that failed later on, the status that failure stands for. */
  readonly status: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly durationMs: number
  readonly firstTokenMs?: number
  /** Time between the first and the last token. */
  readonly generationMs?: number
}

/** The business events of the node: each function writes the log line and the counters together. */
export interface Metrics extends NetworkMetrics, LoadMetrics, UpstreamMetrics, WorkerMetrics, PlacementMetrics {
  /** An inference request was let in. It waits until `requestAnswering` and is in flight until `requestFinished`. */
  requestStarted(endpoint: Endpoint): void
  requestAnswering(endpoint: Endpoint): void
  requestFinished(event: RequestFinished): void
  /** Every HTTP answer, whatever it was. `path` is the route's pattern, never what the caller typed. */
  httpAnswered(event: { readonly method: string; readonly path: string; readonly seconds: number }): void
  modelLoaded(event: { readonly model: string; readonly backend: string; readonly seconds: number }): void
  backendRestarted(event: { readonly model: string; readonly backend: string }): void
  /** Everything in Prometheus' text format. */
  text(): Promise<string>
  readonly contentType: string
}

export interface MetricsInit {
  /** Event loop, memory and CPU of this process as well. Default: yes. */
  readonly processMetrics?: boolean
}

const UNKNOWN = 'unknown'

const SECONDS = {
  http: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
  firstToken: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  load: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
}

/** Of prom-client's own watch over the event loop, see `measureLoopLag`. */
const NEVER_MS = 2 ** 31 - 1

const TOKENS_PER_SECOND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]

/** The series live in a registry of this node's own: two nodes in one process do not add up. */
export function createMetrics({ log }: { readonly log: Pick<Logger, 'info'> }, init: MetricsInit = {}): Metrics {
  const registry = new Registry()
  if (init.processMetrics !== false) {
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS })
    measureLoopLag(registry)
  }
  const series = createSeries([registry])
  return {
    ...createNetworkMetrics({ log }, [registry]),
    ...createLoadMetrics([registry]),
    ...createUpstreamMetrics([registry]),
    ...createWorkerMetrics([registry]),
    ...createPlacementMetrics([registry]),
    requestStarted(endpoint) {
      series.inFlight.inc({ endpoint })
      series.waiting.inc({ endpoint })
    },
    requestAnswering(endpoint) {
      series.waiting.dec({ endpoint })
    },
    requestFinished({ id, endpoint, status, durationMs, ...event }) {
      const model = event.model ?? UNKNOWN
      series.inFlight.dec({ endpoint })
      if (event.firstTokenMs === undefined) series.waiting.dec({ endpoint })
      series.requests.inc({ model, endpoint, status })
      series.promptTokens.inc({ model }, event.promptTokens)
      series.completionTokens.inc({ model }, event.completionTokens)
      if (event.firstTokenMs !== undefined) series.firstToken.observe({ model }, event.firstTokenMs / 1000)
      const speed = tokensPerSecond(event)
      if (speed !== undefined) series.speed.observe({ model }, speed)
      const { firstTokenMs, generationMs, ...facts } = event
      const times = {
        durationMs,
        ...(firstTokenMs === undefined ? {} : { firstTokenMs, generationMs: generationMs ?? 0 }),
      }
      const rounded = Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, Math.round(ms)]))
      log.info({ id, endpoint, status, ...facts, ...rounded }, 'request finished')
    },
    httpAnswered({ method, path, seconds }) {
      series.http.observe({ method, path }, seconds)
    },
    modelLoaded({ model, backend, seconds }) {
      series.load.observe({ model, backend }, seconds)
      log.info({ model, backend, seconds }, 'model loaded')
    },
    backendRestarted({ model, backend }) {
      series.restarts.inc({ model, backend })
      log.info({ model, backend }, 'backend restarted')
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

/** Tokens after the first, over the time they took; undefined where there is nothing to measure. */
function tokensPerSecond(event: Pick<RequestFinished, 'completionTokens' | 'generationMs'>): number | undefined {
  if (event.completionTokens < 2 || event.generationMs === undefined || event.generationMs <= 0) return undefined
  return ((event.completionTokens - 1) * 1000) / event.generationMs
}

function createSeries(registers: Registry[]) {
  return {
    http: new Histogram({
      name: 'api_call',
      help: 'HTTP requests in seconds, by method and route',
      labelNames: ['method', 'path'],
      buckets: SECONDS.http,
      registers,
    }),
    requests: new Counter({
      name: 'local_ai_requests_total',
      help: 'Inference requests by model, endpoint and HTTP status',
      labelNames: ['model', 'endpoint', 'status'],
      registers,
    }),
    inFlight: new Gauge({
      name: 'local_ai_requests_in_flight',
      help: 'Inference requests that were let in and have not ended',
      labelNames: ['endpoint'],
      registers,
    }),
    waiting: new Gauge({
      name: 'local_ai_requests_waiting',
      help: 'Inference requests that have not got their first token: loading, queued or reading the prompt',
      labelNames: ['endpoint'],
      registers,
    }),
    promptTokens: new Counter({
      name: 'local_ai_prompt_tokens_total',
      help: 'Prompt tokens by model',
      labelNames: ['model'],
      registers,
    }),
    completionTokens: new Counter({
      name: 'local_ai_completion_tokens_total',
      help: 'Generated tokens by model',
      labelNames: ['model'],
      registers,
    }),
    firstToken: new Histogram({
      name: 'local_ai_time_to_first_token_seconds',
      help: 'From the request to the first piece of its answer',
      labelNames: ['model'],
      buckets: SECONDS.firstToken,
      registers,
    }),
    speed: new Histogram({
      name: 'local_ai_tokens_per_second',
      help: 'Generated tokens per second of one request, after the first',
      labelNames: ['model'],
      buckets: TOKENS_PER_SECOND,
      registers,
    }),
    load: new Histogram({
      name: 'local_ai_model_load_seconds',
      help: 'From the start of a backend to a model that answers',
      labelNames: ['model', 'backend'],
      buckets: SECONDS.load,
      registers,
    }),
    restarts: new Counter({
      name: 'local_ai_backend_restarts_total',
      help: 'Backend processes started again after they died',
      labelNames: ['model', 'backend'],
      registers,
    }),
  }
}
