import type { LoadedModel, ModelLease } from '../backends/model-lease.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { Proxies } from '../base/proxies.ts'
import { raceSignal } from '../base/signals.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { ListedModel } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { UpstreamMetrics } from '../telemetry/upstream-metrics.ts'
import { createUpstream, type Upstream } from './create-upstream.ts'
import { createUpstreamHttp, HTTP_DEFAULTS } from './http/upstream-http.ts'
import { type NamedModel, nameModels, unknownModel } from './model-names.ts'
import type { PollingInit } from './polling.ts'
import { createUpstreamClient } from './upstream-client.ts'
import type { UpstreamConfig } from './upstream-config.ts'
import { toReport, type UpstreamReport } from './upstream-report.ts'

/** The attached servers, as one part of the node. */
export interface Upstreams extends Startable {
  /** Models that can be asked for now, under all their names. */
  list(): readonly ListedModel[]
  /** Also finds what is on a server that does not answer now, so that a request for it can say why. */
  find(name: string): ModelConfig | undefined
  /** Whether a server that answers has the model. */
  serves(name: string): boolean
  /** For one request; nothing has to be loaded. `aside`: it only looks at the model. */
  lease(config: ModelConfig, aside: boolean): ModelLease
  /** As the loader tells of models in memory. */
  loaded(): readonly LoadedModel[]
  /** Answers that all of them together give at the same time. */
  slots(): number
  report(): readonly UpstreamReport[]
}

export interface UpstreamsDeps {
  readonly log: Logger
  readonly metrics: UpstreamMetrics
  /** Milliseconds of a clock that never goes back; by default the process's. */
  readonly now?: () => number
}

export interface UpstreamsInit {
  readonly upstreams: readonly UpstreamConfig[]
  readonly polling?: PollingInit
  readonly proxies?: Proxies
  /** How long the node's start waits for servers to answer the first time. */
  readonly firstLookMs: number
}

const MOST_UNKNOWN = 256

export function createUpstreams(deps: UpstreamsDeps, init: UpstreamsInit): Upstreams {
  const { log, metrics, now = () => performance.now() } = deps
  const upstreams: readonly Upstream[] = init.upstreams.map((config) =>
    createUpstream(
      {
        log,
        metrics,
        http: createUpstreamHttp(config, { ...HTTP_DEFAULTS, ...(init.proxies && { proxies: init.proxies }) }),
        changed: () => refresh(),
        now,
      },
      config,
      init.polling,
    ),
  )
  const running = new Map<string, number>()
  let named: ReadonlyMap<string, NamedModel> = new Map()
  /** Names that were asked for of servers that were never reached. */
  const unknown = new Map<string, NamedModel>()

  function refresh(): void {
    named = nameModels(upstreams)
    unknown.clear()
  }

  function modelOf(name: string): NamedModel | undefined {
    const known = named.get(name) ?? unknown.get(name)
    if (known !== undefined) return known
    const owner = upstreams.find((upstream) => upstream.findings === undefined && name.startsWith(`${upstream.name}/`))
    if (owner === undefined) return undefined
    const made = unknownModel(name, owner)
    if (unknown.size < MOST_UNKNOWN) unknown.set(name, made)
    return made
  }

  const isServed = ({ targets }: NamedModel): boolean => targets.some(({ upstream }) => upstream.phase === 'up')
  const served = (): readonly NamedModel[] => [...named.values()].filter(isServed)

  function count(name: string, change: 1 | -1): void {
    const left = (running.get(name) ?? 0) + change
    if (left > 0) running.set(name, left)
    else running.delete(name)
  }

  return {
    list: () => served().map(({ listed }) => listed),
    find: (name) => modelOf(name)?.listed.config,
    serves(name) {
      const model = named.get(name)
      return model !== undefined && isServed(model)
    },
    lease({ name, backend = '' }, aside) {
      const targets = modelOf(name)?.targets ?? []
      let held = !aside
      if (held) count(name, 1)
      return {
        client: createUpstreamClient({ name, targets }, now),
        backend,
        [Symbol.dispose]() {
          if (held) count(name, -1)
          held = false
        },
      }
    },
    loaded: () =>
      served().map(({ listed: { config } }) => ({
        id: config.name,
        backend: config.backend ?? '',
        phase: 'ready',
        inFlight: running.get(config.name) ?? 0,
      })),
    slots: () => upstreams.reduce((sum, { phase, slots }) => sum + (phase === 'up' ? slots : 0), 0),
    report: () => upstreams.map((upstream) => toReport(upstream, now())),
    async start({ signal } = {}) {
      refresh()
      await Promise.all(upstreams.map((upstream) => upstream.start()))
      const late = AbortSignal.timeout(init.firstLookMs)
      const limited = signal === undefined ? late : AbortSignal.any([late, signal])
      // Whoever does not answer is looked for while the node serves.
      await raceSignal(Promise.all(upstreams.map(({ looked }) => looked)), limited).catch(() => {})
      signal?.throwIfAborted()
    },
    async stop() {
      await Promise.all(upstreams.map((upstream) => upstream.stop()))
    },
  }
}
