import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Network } from '../p2p/network.ts'
import { type AdmissionQueueInit, createAdmissionQueue } from './admission-queue.ts'
import { createBookings } from './bookings.ts'
import { findCandidates, type Surroundings } from './candidates.ts'
import { type NodeHealth, type Standing, TRUSTED } from './health/node-health.ts'
import { nobodyServes } from './nobody-serves.ts'
import type { Candidate, Choose } from './policies/choose.ts'
import type { LocalNode, RoutedRequest } from './routed-request.ts'

export interface PlacesDeps {
  readonly network: Pick<Network, 'peerId' | 'name' | 'peers'>
  readonly local: LocalNode
  readonly choose: Choose
  /** Absent: every node is trusted. */
  readonly health?: NodeHealth
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

/** Nodes that a request has tried: whether they may be asked once more when no other is left. */
export type Asked = ReadonlyMap<string, 'once-more' | 'never'>

/** The places for requests on all nodes, this one included: one is booked before anything is sent. */
export interface Places {
  /**
   * Books a place on the node that serves best, waiting while all are full. Throws as `RequestRouter.route` does, and
   * `federation.unavailable` when everyone was asked already.
   */
  book(request: RoutedRequest, asked: Asked, options?: AbortOptions): Promise<Place>
  /** Whether there is anybody to ask, full or not. */
  anyLeft(request: RoutedRequest, asked: Asked): boolean
  /** The nodes, or what they tell of themselves, are others. */
  refresh(): void
  /** Everyone who waits is refused with `reason`. */
  close(reason: AppError): void
}

export function createPlaces(deps: PlacesDeps, init: PlacesInit): Places {
  const { network, local, choose, now, random } = deps
  const bookings = createBookings()
  const queue = createAdmissionQueue<Place>({ now }, init.queue)
  const self = { peerId: network.peerId, name: network.name, group: init.group }
  const standingOf = (peerId: string): Standing => deps.health?.standingOf(peerId) ?? TRUSTED
  let retries = 0

  const surroundings = (): Surroundings => ({ self, local, peers: network.peers(), busy: bookings.busy, standingOf })

  function orderFor(request: RoutedRequest, asked: Asked): readonly Candidate[] {
    const all = findCandidates(request, surroundings())
    const fresh = all.filter(({ peerId }) => !asked.has(peerId))
    return choose(fresh.length > 0 ? fresh : all.filter(({ peerId }) => asked.get(peerId) === 'once-more'), random)
  }

  function take(request: RoutedRequest, asked: Asked): Place | undefined {
    const order = orderFor(request, asked)
    if (order.length === 0) throw nobodyLeft(request, asked)
    const candidate = order.find(({ busy, slots }) => busy < slots * init.requestsPerSlot)
    if (candidate === undefined) return undefined
    const giveBack = bookings.book(candidate.peerId)
    return {
      candidate,
      release() {
        giveBack()
        queue.wake()
      },
    }
  }

  function nobodyLeft(request: RoutedRequest, asked: Asked): AppError {
    if (asked.size > 0)
      return new AppError('federation.unavailable', 'every node that could serve the request was tried')
    const all = findCandidates(request, surroundings())
    if (all.length === 0) return nobodyServes(request, surroundings())
    return new AppError('federation.unavailable', 'the node that all requests go to cannot serve this one')
  }

  return {
    async book(request, asked, options) {
      const { model, capability, caller = '' } = request
      let lane = model === undefined ? `capability ${capability}` : `model ${model}`
      if (asked.size > 0) {
        // It wants other nodes than its like, and must not hold them up.
        retries += 1
        lane = `retry ${retries}`
      }
      return await queue.admit({ lane, caller, take: () => take(request, asked) }, options)
    },
    anyLeft: (request, asked) => orderFor(request, asked).length > 0,
    refresh() {
      bookings.observe(network.peers())
      queue.wake()
    },
    close: (reason) => queue.close(reason),
  }
}
