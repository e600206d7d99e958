import type { Upstream, UpstreamPhase } from './create-upstream.ts'
import type { UpstreamKind } from './dialects.ts'
import type { UpstreamModel } from './upstream-model.ts'

/** One attached server for people who look at it: `GET /api/upstreams`. */
export interface UpstreamReport {
  readonly name: string
  /** Without the key, which appears nowhere. */
  readonly url: string
  readonly hasKey: boolean
  readonly state: UpstreamPhase
  /** Why it does not serve, or what was wrong with it last. */
  readonly problem?: string
  readonly kind?: UpstreamKind
  readonly version?: string
  readonly models: readonly UpstreamModel[]
  /** Requests of this node that run there. */
  readonly running: number
  readonly slots: number
  /** The server says itself how many answers it gives at the same time; else it was learned. */
  readonly slotsKnown: boolean
  /** It wants no more requests for so long. */
  readonly restsMs?: number
}

export function toReport(upstream: Upstream, now: number): UpstreamReport {
  const { config, findings, phase, problem, inFlight, slots, restsUntil } = upstream
  const { kind, version, models = [] } = findings ?? {}
  return {
    name: config.name,
    url: `${config.origin}${config.apiPath}`,
    hasKey: config.key !== undefined,
    state: phase,
    ...(problem === undefined ? {} : { problem }),
    ...(kind === undefined ? {} : { kind }),
    ...(version === undefined ? {} : { version }),
    models,
    running: inFlight,
    slots,
    slotsKnown: findings?.slots !== undefined,
    ...(restsUntil > now ? { restsMs: Math.ceil(restsUntil - now) } : {}),
  }
}
