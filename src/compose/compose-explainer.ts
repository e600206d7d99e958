import { AppError } from '../base/errors.ts'
import { countEvents, countStories } from '../federation/explain/count-decisions.ts'
import { createExplainer, EXPLAINER_DEFAULTS, type Explainer } from '../federation/explain/create-explainer.ts'
import { logStories } from '../federation/explain/log-line.ts'
import type { RoutingEvents } from '../federation/routing-events.ts'
import type { Network } from '../p2p/network.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { RoutingMetrics } from '../telemetry/routing-metrics.ts'

export interface ExplainerParts {
  readonly explainer: Explainer
  /** To be given to the router. */
  readonly listeners: readonly Partial<RoutingEvents>[]
}

/** What remembers, counts and logs where requests go. */
export function composeExplainer({
  network,
  log,
  metrics,
}: {
  readonly network: Pick<Network, 'peerId' | 'name'>
  readonly log: Logger
  readonly metrics: RoutingMetrics
}): ExplainerParts {
  const { peerId, name } = network
  const explainer = createExplainer(
    {
      self: { peerId, name },
      now: () => performance.now(),
      unixNow: Date.now,
      listeners: [countStories(metrics), logStories(log)],
    },
    EXPLAINER_DEFAULTS,
  )
  return { explainer, listeners: [explainer.events, countEvents(metrics), warnOfFailures(log)] }
}

/** Nodes come and go: where the program was when one went is for whoever looks for a mistake in it. */
export function warnOfFailures(log: Pick<Logger, 'warn' | 'debug'>): Partial<RoutingEvents> {
  return {
    tried({ id, model }, { name, outcome, ms }, cause) {
      if (outcome === 'answered') return
      const facts = { id, model, node: name, outcome, durationMs: Math.round(ms) }
      const isFault = !(cause instanceof AppError) || cause.code === 'internal'
      const why = isFault ? { err: cause } : { code: cause.code, reason: cause.message }
      log.warn({ ...facts, ...why }, 'a node could not serve a request')
      if (!isFault) log.debug({ id, err: cause }, 'where it was lost')
    },
  }
}
