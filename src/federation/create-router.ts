import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Network } from '../p2p/network.ts'
import { attempt } from './attempt.ts'
import type { PeerAnswer } from './exchange.ts'
import { fromPeerHeaders } from './forwarded-headers.ts'
import { createPeerClients, type PeerClientsInit } from './peer-clients.ts'
import { createPlaces, type Place, type PlacesDeps, type PlacesInit } from './places.ts'
import { createRetryBudget, type RetryBudgetInit } from './retry-budget.ts'
import type { Attempt, RequestRouter, Routed, RoutedAnswer, RoutedRequest } from './routed-request.ts'
import { type RoutingEvents, toAll } from './routing-events.ts'

export interface RouterDeps extends PlacesDeps {
  readonly network: Pick<Network, 'peerId' | 'name' | 'peers' | 'onChange' | 'openSocket'>
  /** Who wants to know what the router does. */
  readonly events: readonly Partial<RoutingEvents>[]
}

export interface RouterInit extends PlacesInit {
  /** Times a request is sent somewhere, the first included. */
  readonly maxTries: number
  /** No further try begins later than this after the request came; one that runs goes on. */
  readonly retryWithinMs: number
  readonly retries: RetryBudgetInit
  readonly clients: PeerClientsInit
}

export const ROUTER_DEFAULTS = {
  maxTries: 3,
  retryWithinMs: 60_000,
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

/** What became of one request so far. */
interface Trial extends AbortOptions {
  readonly attempts: Attempt[]
  readonly asked: Map<string, 'once-more' | 'never'>
  readonly began: number
}

export interface RunningRouter extends RequestRouter, Startable {
  /** This node has more room or less than before: whoever waits may look again. */
  localChanged(): void
}

/** Routes from `start` to `stop`; what waits or runs at `stop` ends with `node.stopping`. */
export function createRequestRouter(deps: RouterDeps, init: RouterInit): RunningRouter {
  const { network, now } = deps
  const events = toAll(deps.events)
  const places = createPlaces(deps, init)
  const clients = createPeerClients({ network }, init.clients)
  const mayRetry = createRetryBudget(now, init.retries)
  let endWatch: (() => void) | undefined
  let stopping: AppError | undefined

  function onNetworkChange(): void {
    // A node that is silent for a moment may be starved, by loading a model say: it gets nothing new, and goes on with
    // what it has. A broken connection ends requests by itself.
    clients.keepOnly(new Set(network.peers().map(({ record }) => record.peerId)))
    places.refresh()
  }

  function retryAllowed(request: RoutedRequest, { attempts, asked, began }: Trial): boolean {
    if (stopping !== undefined || attempts.length >= init.maxTries || now() - began >= init.retryWithinMs) return false
    return places.anyLeft(request, asked) && mayRetry()
  }

  /** Undefined: another node is to be tried. */
  async function tryAt({ candidate, release }: Place, request: RoutedRequest, trial: Trial) {
    const { peerId, name } = candidate
    const since = now()
    const result = await attempt(clients.to(peerId), request, { onOver: release, ...signalOf(trial) })
    const tried = { peerId, name, outcome: result.outcome, ms: now() - since }
    trial.attempts.push(tried)
    noteAsked(tried, trial)
    events.tried(request, tried, 'error' in result ? result.error : undefined)
    if (result.outcome !== 'answered' && retryAllowed(request, trial)) {
      if ('answer' in result) await result.answer.body.return?.()
      return undefined
    }
    if ('error' in result) throw stopping ?? allFailed(trial, result.error)
    return toRoutedAnswer(result.answer, candidate, trial)
  }

  async function routeOnce(request: RoutedRequest, trial: Trial): Promise<Routed> {
    for (;;) {
      if (stopping !== undefined) throw stopping
      const place = await places.book(request, trial.asked, signalOf(trial))
      if (stopping !== undefined) {
        place.release()
        throw stopping
      }
      if (place.candidate.local) return { kind: 'local', place: { release: place.release } }
      const answer = await tryAt(place, request, trial)
      if (answer !== undefined) return { kind: 'remote', answer }
    }
  }

  return {
    localChanged: places.refresh,
    async start() {
      endWatch ??= network.onChange(onNetworkChange)
      onNetworkChange()
    },
    async stop() {
      endWatch?.()
      endWatch = undefined
      stopping ??= new AppError('node.stopping', 'the node is shutting down')
      places.close(stopping)
      await clients.close(stopping)
    },
    async route(request, options = {}) {
      const trial: Trial = { attempts: [], asked: new Map(), began: now(), ...signalOf(options) }
      const { attempts, began } = trial
      try {
        const routed = await routeOnce(request, trial)
        events.routed(request, { to: routed.kind, attempts, ms: now() - began })
        return routed
      } catch (error) {
        const { code } = AppError.from(error, options.signal?.aborted === true ? 'request.cancelled' : 'internal')
        events.routed(request, { to: 'nobody', attempts, ms: now() - began, code })
        throw error
      }
    },
  }
}

function signalOf({ signal }: AbortOptions): AbortOptions {
  return signal === undefined ? {} : { signal }
}

/**
 * A lost connection may have been an idle one that the node had just closed, so it may be asked once more. Not after
 * another node has given a reason, though: that is the better answer when nobody new is left.
 */
function noteAsked({ peerId, outcome }: Attempt, { asked }: Trial): void {
  const lost = outcome === 'broken' || outcome === 'unreachable'
  asked.set(peerId, lost && !asked.has(peerId) ? 'once-more' : 'never')
  if (outcome === 'not-started') for (const other of asked.keys()) asked.set(other, 'never')
}

function toRoutedAnswer({ status, headers, body }: PeerAnswer, node: Place['candidate'], trial: Trial): RoutedAnswer {
  return {
    status,
    headers: fromPeerHeaders(headers),
    body,
    node: { peerId: node.peerId, name: node.name },
    attempts: [...trial.attempts],
  }
}

function allFailed({ attempts }: Trial, cause: AppError): AppError {
  const times = attempts.length === 1 ? 'it was tried once' : `it was tried ${attempts.length} times`
  return new AppError('federation.unavailable', `no node could serve the request: ${times}`, { cause })
}
