import { createNodeHealth, HEALTH_DEFAULTS } from '../federation/health/create-node-health.ts'
import type { NodeHealth } from '../federation/health/node-health.ts'
import { createNodeLimits, LIMITS_DEFAULTS, type NodeLimits } from '../federation/node-limits.ts'
import type { RoutingEvents } from '../federation/routing-events.ts'
import type { Network } from '../p2p/network.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { RoutingMetrics } from '../telemetry/routing-metrics.ts'

/** What the router learns of the nodes from its own requests; both are among its listeners as well. */
export interface LearnedOfNodes {
  readonly health: NodeHealth & Partial<RoutingEvents>
  readonly limits: NodeLimits
}

export function composeHealth(
  deps: {
    readonly log: Pick<Logger, 'info' | 'warn'>
    readonly metrics: RoutingMetrics
    readonly network: Pick<Network, 'peers'>
    readonly now: () => number
  },
  init: { readonly requestsPerSlot: number },
): LearnedOfNodes {
  const { log, metrics, network, now } = deps
  const nameOf = (peerId: string) => network.peers().find(({ record }) => record.peerId === peerId)?.record.name
  const health = createNodeHealth(
    {
      now,
      events: {
        nodeEjected({ peerId, why, forMs }) {
          metrics.nodeEjected(why)
          log.warn({ peerId, node: nameOf(peerId), why, forMs }, 'a node gets no requests for a while')
        },
        nodeReturned({ peerId }) {
          metrics.nodeReturned()
          log.info({ peerId, node: nameOf(peerId) }, 'a node gets requests again')
        },
        panic({ on, sick, present }) {
          metrics.panicked(on)
          if (on) log.warn({ sick, present }, 'most nodes seem to fail: all of them are asked again')
          else log.info({ sick, present }, 'enough nodes are well again')
        },
      },
    },
    HEALTH_DEFAULTS,
  )
  return { health, limits: createNodeLimits({ ...LIMITS_DEFAULTS, usual: init.requestsPerSlot }) }
}
