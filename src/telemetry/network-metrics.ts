import { Counter, Gauge, type Registry } from 'prom-client'
import type { Logger } from './logger.ts'
import type { Endpoint } from './metrics.ts'
import { createNodeLabels } from './node-labels.ts'
import { createRoutingMetrics, type RoutingMetrics } from './routing-metrics.ts'

/**
 * `answered` and `refused`: the member's whole answer went to the client, with a status below 400 or not. `lost`: the member
 * was lost midway. `cancelled`: the client left, or this node stopped. `unrouted`: no member answered.
 */
export type ForwardOutcome = 'answered' | 'refused' | 'lost' | 'cancelled' | 'unrouted'

export interface RequestForwarded {
  readonly id: string
  readonly endpoint: Endpoint
  /** Name of the member whose answer it was; undefined when there was none. */
  readonly node: string | undefined
  /** What the client got; of a stream that broke off, the status that failure stands for. */
  readonly status: number
  readonly outcome: ForwardOutcome
  /** How many members were asked. */
  readonly tries: number
  readonly durationMs: number
}

/** The private network as it is now. */
export interface NetworkFigures {
  /** Members with an open link. */
  readonly linked: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** What a node does through others, and the network it does that in. */
export interface NetworkMetrics extends RoutingMetrics {
  /** A request for which another node was asked, or would have been; not counted among this node's own requests. */
  requestForwarded(event: RequestForwarded): void
  /** To be called before `text` by whoever knows the network. */
  networkSeen(figures: NetworkFigures): void
}

export function createNetworkMetrics(
  { log }: { readonly log: Pick<Logger, 'info'> },
  registers: Registry[],
): NetworkMetrics {
  const series = createNetworkSeries(registers)
  const nodes = createNodeLabels()
  return {
    ...createRoutingMetrics(registers),
    requestForwarded({ id, endpoint, node, status, outcome, tries, durationMs }) {
      series.forwarded.inc({ node: node === undefined ? 'none' : nodes.labelOf(node), outcome })
      if (tries > 1) series.forwardRetries.inc(tries - 1)
      const facts = { id, endpoint, node, status, outcome, tries, durationMs: Math.round(durationMs) }
      log.info(facts, 'request forwarded')
    },
    networkSeen({ linked, bytesSent, bytesReceived }) {
      series.networkPeers.set(linked)
      series.networkBytes.reset()
      series.networkBytes.inc({ direction: 'sent' }, bytesSent)
      series.networkBytes.inc({ direction: 'received' }, bytesReceived)
    },
  }
}

function createNetworkSeries(registers: Registry[]) {
  return {
    forwarded: new Counter({
      name: 'local_ai_forwarded_requests_total',
      help: 'Requests passed on to another node, by that node and how they ended',
      labelNames: ['node', 'outcome'],
      registers,
    }),
    forwardRetries: new Counter({
      name: 'local_ai_forward_retries_total',
      help: 'Times another node was tried because one could not begin a request',
      registers,
    }),
    networkPeers: new Gauge({
      name: 'local_ai_network_peers',
      help: 'Members of the private network with an open link',
      registers,
    }),
    networkBytes: new Counter({
      name: 'local_ai_network_bytes_total',
      help: 'Bytes between this node and the others of its network',
      labelNames: ['direction'],
      registers,
    }),
  }
}
