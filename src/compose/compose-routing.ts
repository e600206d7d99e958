import type { Duplex } from 'node:stream'
import type { NetworkDeps } from '../api/public-routes.ts'
import type { JoinSettings, RoutingSettings } from '../config/network-settings.ts'
import { createRequestRouter, ROUTER_DEFAULTS, type RunningRouter } from '../federation/create-router.ts'
import { traceRequests } from '../federation/explain/trace-requests.ts'
import { listNetworkModels } from '../federation/network-models.ts'
import { createForesight, FORESIGHT_DEFAULTS } from '../federation/observed/create-foresight.ts'
import type { ServedPrompts } from '../federation/prefix/served-prompts.ts'
import type { LocalNode } from '../federation/routed-request.ts'
import type { NodeLoad, NodeOffer } from '../p2p/membership/node-record.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { RoutingMetrics } from '../telemetry/routing-metrics.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import { composeExplainer } from './compose-explainer.ts'
import { composeHealth } from './compose-health.ts'
import type { Member } from './compose-member.ts'
import { toPolicy } from './to-policy.ts'
import { toViewToken } from './view-token.ts'

export interface RoutingDeps {
  readonly member: Member
  readonly local: LocalNode
  /** Absent: an entry, which answers nothing itself. */
  readonly openSelf?: () => Duplex
  readonly self: () => { readonly offer: NodeOffer; readonly load: NodeLoad }
  readonly log: Logger
  readonly metrics: RoutingMetrics
  readonly tracing?: Tracing | undefined
  /** Hears of the prompts that are served here. Absent: none are. */
  readonly served?: Pick<ServedPrompts, 'served'>
}

/** What the HTTP API needs of the network, and the part of it that has a life. */
export interface Routing {
  readonly part: RunningRouter
  readonly deps: Required<Omit<NetworkDeps, 'drain'>>
}

/** Requests go to the node that serves them best. */
export function composeRouting(
  { member, local, self, log, metrics, tracing, openSelf, served }: RoutingDeps,
  settings: RoutingSettings & Pick<JoinSettings, 'p2pNetworkId'>,
): Routing {
  const { network } = member
  const group = settings.p2pNetworkId
  const { explainer, listeners } = composeExplainer({ network, log, metrics })
  const traces = tracing === undefined ? undefined : traceRequests(tracing)
  const now = () => performance.now()
  const foresight = createForesight({ now, peers: network.peers, self: network.peerId, served }, FORESIGHT_DEFAULTS)
  const learned = composeHealth({ log, metrics, network, now }, ROUTER_DEFAULTS)
  const router = createRequestRouter(
    {
      ...learned,
      network,
      local,
      ...(openSelf === undefined ? {} : { openSelf }),
      policy: toPolicy(settings),
      foresight,
      now,
      random: Math.random,
      traceTry: traces?.traceTry,
      events: [
        ...listeners,
        ...(traces === undefined ? [] : [traces.events]),
        learned.health,
        learned.limits,
        foresight,
      ],
    },
    {
      ...ROUTER_DEFAULTS,
      group,
      maxTries: Math.max(1, settings.federationTries),
      queue: { maxLength: settings.federationQueue, maxWaitMs: settings.federationQueueTimeoutMs },
    },
  )
  return {
    part: router,
    deps: {
      router,
      waiting: router.waiting,
      networkModels: () => listNetworkModels(network.peers(), group),
      p2p: composePeerToPeer(member, self),
      explainer,
    },
  }
}

/** The network as the API shows it, for nodes that route nothing as well. */
export function composePeerToPeer(
  { network, token, roster, publicSummary }: Member,
  self: RoutingDeps['self'],
): NonNullable<NetworkDeps['p2p']> {
  const { status, peers } = network
  return {
    ...{ status, peers, self, roster },
    token: () => token.text,
    viewToken: () => ({
      ...toViewToken(
        token.token,
        status().addresses.filter((address) => !address.includes('/p2p-circuit')),
      ),
      publicSummary,
    }),
  }
}
