import type { Duplex } from 'node:stream'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Network } from '../p2p/network.ts'
import { createPeerClients, type PeerClientsInit } from './peer-clients.ts'
import { createPlaces, type PlacesDeps, type PlacesInit } from './places.ts'
import { createRetryBudget, type RetryBudgetInit } from './retry-budget.ts'
import type { RequestRouter, RoutedRequest } from './routed-request.ts'
import { type RoutingEvents, toAll } from './routing-events.ts'
import { AnswerRun } from './run/answer-run.ts'
import { createChanges } from './run/changes.ts'
import { createHedgeBudget } from './run/hedge-budget.ts'
import { createPaces } from './run/paces.ts'
import type { RelayInit } from './run/relay-deps.ts'
import type { TraceTry } from './run/traced-try.ts'

export interface RouterDeps extends Omit<PlacesDeps, 'events'> {
  readonly network: Pick<Network, 'peerId' | 'name' | 'peers' | 'onChange' | 'openSocket'>
  /** A connection to the face that this node shows to members: it may carry on what another one began. Absent: an entry. */
  readonly openSelf?: () => Duplex
  /** Absent: no traces are made. */
  readonly traceTry?: TraceTry | undefined
  /** Who wants to know what the router does. */
  readonly events: readonly Partial<RoutingEvents>[]
}

export interface RouterInit extends PlacesInit, RelayInit {
  /** A node that has just started knows nobody yet: so long after its start a request waits for the first member. */
  readonly settleMs: number
  readonly retries: RetryBudgetInit
  readonly clients: PeerClientsInit
}

export const ROUTER_DEFAULTS = {
  settleMs: 5000,
  maxTries: 3,
  retryWithinMs: 60_000,
  maxSeams: 16,
  leastStallMs: 1000,
  carryOnWithinMs: 30_000,
  retries: { perSecond: 50, burst: 200 },
  requestsPerSlot: 1.5,
  queue: { maxLength: 256, maxWaitMs: 60_000 },
  clients: {
    connectionsPerPeer: 1024,
    connectTimeoutMs: 5000,
    headersTimeoutMs: 3_600_000,
    keepAliveMs: 600_000,
  },
} as const satisfies Omit<RouterInit, 'group'>

export interface RunningRouter extends RequestRouter, Startable {
  /** This node has more room or less than before: whoever waits may look again. */
  localChanged(): void
  /** Requests that wait for a free node now. */
  waiting(): number
}

/** Routes from `start` to `stop`; what waits or runs at `stop` ends with `node.stopping`. */
export function createRequestRouter(deps: RouterDeps, init: RouterInit): RunningRouter {
  const { network, now, openSelf } = deps
  const events = toAll(deps.events)
  const places = createPlaces({ ...deps, events }, init)
  const self = openSelf === undefined ? undefined : { peerId: network.peerId, open: openSelf }
  const clients = createPeerClients({ network, self }, init.clients)
  const hedges = createHedgeBudget()
  const changes = createChanges()
  let endWatch: (() => void) | undefined
  let stopping: AppError | undefined
  let startedAt = Number.NEGATIVE_INFINITY
  const runDeps = {
    ...{ places, events, now },
    clientTo: clients.to,
    traceTry: deps.traceTry,
    paces: createPaces(),
    mayRetry: createRetryBudget(now, init.retries),
    mayHedge: hedges.spend,
    changed: changes.next,
    stopping: () => stopping,
  }

  function onNetworkChange(): void {
    // A node that is silent for a moment may be starved, by loading a model say: it gets nothing new, and goes on with
    // what it has. A broken connection ends requests by itself.
    clients.keepOnly(new Set([network.peerId, ...network.peers().map(({ record }) => record.peerId)]))
    places.refresh()
    changes.happened()
  }

  async function settled({ model, capability }: RoutedRequest, options: AbortOptions): Promise<void> {
    for (;;) {
      const leftMs = startedAt + init.settleMs - now()
      if (leftMs <= 0 || stopping !== undefined || network.peers().length > 0) return
      if (deps.local.serves(model, capability) || options.signal?.aborted === true) return
      await changes.next(leftMs, options)
    }
  }

  return {
    localChanged: places.refresh,
    waiting: places.waiting,
    async start() {
      startedAt = now()
      endWatch ??= network.onChange(onNetworkChange)
      onNetworkChange()
    },
    async stop() {
      endWatch?.()
      endWatch = undefined
      stopping ??= new AppError('node.stopping', 'the node is shutting down')
      places.close(stopping)
      changes.happened()
      await clients.close(stopping)
    },
    async route(request, options: AbortOptions = {}) {
      hedges.earn()
      await settled(request, options)
      const run = new AnswerRun(runDeps, init, { request, ...options })
      const told = () => ({ attempts: run.attempts, ms: run.ms })
      try {
        const routed = await run.begin()
        events.routed(request, { to: routed.kind, ...told() })
        return routed
      } catch (error) {
        const { code } = AppError.from(error, options.signal?.aborted === true ? 'request.cancelled' : 'internal')
        events.routed(request, { to: 'nobody', ...told(), code })
        throw error
      }
    },
  }
}
