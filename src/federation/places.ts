import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Network } from '../p2p/network.ts'
import { type AdmissionQueueInit, createAdmissionQueue } from './admission-queue.ts'
import { createBookings } from './bookings.ts'
import { findCandidates, mayBeAsked, type Surroundings } from './candidates.ts'
import { arrange } from './health/arrange.ts'
import { type NodeHealth, type Standing, TRUSTED } from './health/node-health.ts'
import { nobodyServes } from './nobody-serves.ts'
import type { NodeLimits } from './node-limits.ts'
import type { Foresight } from './observed/foresight.ts'
import type { Candidate, Policy, Ranked } from './policies/choose.ts'
import { keyOf, type LocalNode, type RoutedRequest } from './routed-request.ts'
import type { RoutingEvents } from './routing-events.ts'

export interface PlacesDeps {
  readonly network: Pick<Network, 'peerId' | 'name' | 'peers'>
  readonly local: LocalNode
  readonly policy: Policy
  /** Absent: nothing is known but what the nodes say. */
  readonly foresight?: Foresight
  readonly events?: Pick<RoutingEvents, 'considered'>
  /** Absent: every node is trusted. */
  readonly health?: NodeHealth
  /** Absent: a node is full at `requestsPerSlot`, whatever it does. */
  readonly limits?: Pick<NodeLimits, 'requestsPerSlot'>
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number
  /** Numbers in [0, 1). */
  readonly random: () => number
}

export interface PlacesInit {
  /** This node's group: requests go to nodes of the same one. */
  readonly group: string
  /** A node is full when it has this many requests for each slot: a few wait there, so that no slot is ever idle. */
  readonly requestsPerSlot: number
  readonly queue: AdmissionQueueInit
}

export interface Place {
  readonly candidate: Candidate
  /** Once, however often it is called. */
  readonly release: () => void
}

/** What a request looks for by now. */
export interface Search {
  /** Nodes that it has tried: whether they may be asked once more when no other is left. */
  readonly asked: ReadonlyMap<string, 'once-more' | 'never'>
  /** Somebody reads the answer already: only nodes whose model has this likeness can carry it on (`ModelAdvert.likeness`). */
  readonly likeness?: string | undefined
}

/** The places for requests on all nodes, this one included: one is booked before anything is sent. */
export interface Places {
  /**
   * Books a place on the node that serves best, waiting while all are full. Throws as `RequestRouter.route` does, and
   * `federation.unavailable` when everyone was asked already.
   */
  book(request: RoutedRequest, search: Search, options?: AbortOptions): Promise<Place>
  /** A place that is free now, for what need not be: undefined when there is none, or others wait for one. */
  tryBook(request: RoutedRequest, search: Search): Place | undefined
  /** Whether there is anybody to ask, full or not. */
  anyLeft(request: RoutedRequest, search: Search): boolean
  /** Requests that wait because all nodes are full. */
  waiting(): number
  /** What a node says now of the request's model: `ModelAdvert.likeness`. */
  likenessOf(request: RoutedRequest, peerId: string): string | undefined
  /** The nodes, or what they tell of themselves, are others. */
  refresh(): void
  /** Everyone who waits is refused with `reason`. */
  close(reason: AppError): void
}

interface Looking {
  readonly request: RoutedRequest
  readonly search: Search
}

const NOTHING_KNOWN = { promptTokens: 256, answerTokens: 256, turn: 0 }

export function createPlaces(deps: PlacesDeps, init: PlacesInit): Places {
  const { network, local, policy, foresight, now, random } = deps
  const bookings = createBookings()
  const queue = createAdmissionQueue<Place>({ now }, init.queue)
  const self = { peerId: network.peerId, name: network.name, group: init.group }
  const { health, limits } = deps
  const standingOf = (peerId: string): Standing => health?.standingOf(peerId) ?? TRUSTED
  const isFull = ({ peerId, busy, slots }: Candidate): boolean =>
    busy >= slots * (limits?.requestsPerSlot(peerId) ?? init.requestsPerSlot)
  let retries = 0

  const surroundings = (request?: RoutedRequest): Surroundings => ({
    ...{ self, local, peers: network.peers(), busy: bookings.busy, standingOf },
    factsOf: request === undefined ? undefined : foresight?.factsFor(request),
  })

  function orderFor(request: RoutedRequest, { asked, likeness }: Search): readonly Ranked[] {
    const all = findCandidates(likeness === undefined ? request : { ...request, likeness }, surroundings(request))
    const fresh = all.filter(({ peerId }) => !asked.has(peerId))
    const left = fresh.length > 0 ? fresh : all.filter(({ peerId }) => asked.get(peerId) === 'once-more')
    const order = policy.order(left, { ...(foresight?.questionOf(request) ?? NOTHING_KNOWN), random })
    const probeDue = (peerId: string): boolean => health?.probeDue(peerId) === true
    const arranged = arrange(order, { probeDue, mayProbe: asked.size === 0, random })
    return request.carriesOn === true ? knownFirst(arranged) : arranged
  }

  function take(request: RoutedRequest, search: Search): Place | undefined {
    const order = orderFor(request, search)
    if (order.length === 0) throw nobodyLeft(request, search)
    return takeFirst(order, { request, search })
  }

  /** The first of them that is not full. */
  function takeFirst(order: readonly Ranked[], { request, search }: Looking): Place | undefined {
    deps.events?.considered(request, { policy: policy.name, order })
    const free = order.find((ranked) => !isFull(ranked.candidate))
    // Somebody is in the middle of reading this answer: it goes before those who wait for their first word.
    const candidate = (search.likeness === undefined ? free : (free ?? order[0]))?.candidate
    if (candidate === undefined) return undefined
    foresight?.placed(request, candidate)
    health?.booked(candidate.peerId)
    const giveBack = bookings.book(candidate.peerId)
    return {
      candidate,
      release() {
        giveBack()
        queue.wake()
      },
    }
  }

  function nobodyLeft(request: RoutedRequest, { asked }: Search): AppError {
    if (asked.size > 0)
      return new AppError('federation.unavailable', 'every node that could serve the request was tried')
    const all = findCandidates(request, surroundings())
    if (all.length === 0) return nobodyServes(request, surroundings())
    return new AppError('federation.unavailable', 'the node that all requests go to cannot serve this one')
  }

  return {
    async book(request, search, options) {
      const { caller = '', priority, giveUpAt } = request
      // Requests that want the same: when there is no place for one, there is none for the others.
      let lane = keyOf(request)
      if (search.asked.size > 0 || search.likeness !== undefined) {
        // It wants other nodes than its like, and must not hold them up.
        retries += 1
        lane = `\0retry ${retries}`
      }
      return await queue.admit({ lane, caller, priority, giveUpAt, take: () => take(request, search) }, options)
    },
    tryBook(request, search) {
      // What nobody reads yet goes behind those who wait.
      if (search.likeness === undefined && queue.waits(keyOf(request))) return undefined
      const order = orderFor(request, search)
      return order.length === 0 ? undefined : takeFirst(order, { request, search })
    },
    waiting: () => queue.length,
    anyLeft: (request, search) => orderFor(request, search).length > 0,
    likenessOf: (request, peerId) =>
      findCandidates(request, surroundings()).find((candidate) => candidate.peerId === peerId)?.likeness,
    refresh() {
      const peers = network.peers()
      bookings.observe(peers)
      const others = peers.filter((peer) => mayBeAsked(peer, self.group)).map(({ record }) => record.peerId)
      health?.present(new Set(local.slots > 0 ? [self.peerId, ...others] : others))
      queue.wake()
    },
    close: (reason) => queue.close(reason),
  }
}

/** What a node begins that has not yet told what its model is like, nobody could carry on: it gets what is left. */
function knownFirst(order: readonly Ranked[]): readonly Ranked[] {
  const isKnown = ({ candidate }: Ranked): boolean => candidate.likeness !== undefined
  return [...order.filter(isKnown), ...order.filter((ranked) => !isKnown(ranked))]
}
