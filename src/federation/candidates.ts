import type { ModelAdvert, NodeOffer } from '../p2p/membership/node-record.ts'
import type { PeerView } from '../p2p/network.ts'
import type { Standing } from './health/node-health.ts'
import { homeOf } from './home.ts'
import type { Candidate } from './policies/choose.ts'
import type { LocalNode } from './routed-request.ts'

/** What a request needs: its model or, when it names none, any model of this use case. */
export interface Wanted {
  readonly model: string | undefined
  readonly capability: string
  /** The one node that may serve it (`homeOf`), whatever it advertises. */
  readonly home?: string
  /** What the node's model must be like (`ModelAdvert.likeness`). */
  readonly likeness?: string
}

/** The network as this node sees it at one moment. */
export interface Surroundings {
  readonly self: { readonly peerId: string; readonly name: string; readonly group: string }
  readonly local: LocalNode
  readonly peers: readonly PeerView[]
  /** Requests at a node, by peer id: `Bookings.busy`. */
  readonly busy: (peerId: string) => number
  /** How far each node is trusted: `NodeHealth.standingOf`. */
  readonly standingOf: (peerId: string) => Standing
  /** What is known of a node for this request: `Foresight.factsFor`. */
  readonly factsOf?: ((peerId: string) => Pick<Candidate, 'seen' | 'prefixShare'>) | undefined
}

/** Everybody who can serve it, this node included. Pure. */
export function findCandidates(wanted: Wanted, surroundings: Surroundings): Candidate[] {
  const { home } = wanted
  return home === undefined ? findServing(wanted, surroundings) : [atHome(home, wanted, surroundings)]
}

/** The node on which it lives or, when that is not there, this one: its answer is that it does not have it. */
function atHome(home: string, { model }: Wanted, around: Surroundings): Candidate {
  const { self, local, peers, busy, standingOf } = around
  // What is this node's own goes to nobody who has made himself an id that looks like this node's.
  const own = homeOf(self.peerId) === home
  const peer = own ? undefined : peers.find(({ record }) => homeOf(record.peerId) === home)
  const there = peer !== undefined && peer.state === 'linked' && peer.record.offer.group === self.group
  const { peerId, name } = there ? peer.record : self
  const slots = Math.max(1, there ? peer.record.offer.slots : local.slots)
  return {
    peerId,
    name,
    local: !there,
    // What names no model is only looked up, and takes no slot.
    slots: model === undefined ? Number.MAX_SAFE_INTEGER : slots,
    busy: busy(peerId),
    loaded: true,
    roundTripMs: there ? peer.roundTripMs : 0,
    standing: standingOf(peerId),
  }
}

function findServing(wanted: Wanted, around: Surroundings): Candidate[] {
  const { self, local, peers, busy, standingOf, factsOf } = around
  const found: Candidate[] = []
  const { model, capability, likeness } = wanted
  const own = local.likeness?.(model)
  if (local.serves(model, capability) && (likeness === undefined || own === likeness)) {
    found.push({
      peerId: self.peerId,
      name: self.name,
      local: true,
      slots: Math.max(1, local.slots),
      busy: Math.max(busy(self.peerId), local.busy?.() ?? 0),
      loaded: model === undefined || local.loaded(model),
      roundTripMs: 0,
      standing: standingOf(self.peerId),
      likeness: own,
      ...local.figures?.(model),
      ...factsOf?.(self.peerId),
    })
  }
  for (const { record, state, roundTripMs } of peers) {
    if (!mayBeAsked({ record, state }, self.group)) continue
    const advert = advertFor(record.offer, wanted)
    if (advert === undefined || (likeness !== undefined && advert.likeness !== likeness)) continue
    const { peerId, name, offer } = record
    const facts = factsOf?.(peerId)
    found.push({
      peerId,
      name,
      local: false,
      slots: Math.max(1, offer.slots),
      busy: busy(peerId),
      loaded: advert.loaded,
      roundTripMs,
      standing: standingOf(peerId),
      likeness: advert.likeness,
      promptTokensPerSecond: advert.promptTokensPerSecond,
      generationTokensPerSecond: advert.generationTokensPerSecond,
      fileSizeBytes: advert.fileSizeBytes,
      upstream: advert.upstream,
      seen: facts?.seen,
      prefixShare: facts?.prefixShare,
    })
  }
  return found
}

/** Whether requests may go to a peer now. */
export function mayBeAsked({ record, state }: Pick<PeerView, 'record' | 'state'>, group: string): boolean {
  const { offer, leaving } = record
  return state === 'linked' && !leaving && offer.serves && !offer.draining && offer.group === group
}

/** Undefined: the node cannot serve it. A file answers to its name without the ending as well, as on its own node. */
function advertFor(offer: NodeOffer, { model, capability }: Wanted): ModelAdvert | undefined {
  if (model === undefined) {
    const able = offer.models.filter(({ capabilities }) => capabilities.includes(capability))
    return able.find(({ loaded }) => loaded) ?? able[0]
  }
  const adverts = advertsOf(offer)
  return adverts.get(model) ?? adverts.get(`${model}.gguf`)
}

/** An offer changes seldom and is asked for every request: its models are indexed once. */
const ADVERTS = new WeakMap<NodeOffer, ReadonlyMap<string, ModelAdvert>>()

function advertsOf(offer: NodeOffer): ReadonlyMap<string, ModelAdvert> {
  const known = ADVERTS.get(offer)
  if (known !== undefined) return known
  const adverts = new Map(offer.models.map((model) => [model.name, model]))
  ADVERTS.set(offer, adverts)
  return adverts
}
