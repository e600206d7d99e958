import type { LocalNode } from '../../../src/federation/routed-request.ts'
import type { ModelAdvert, NodeLoad, NodeOffer } from '../../../src/p2p/membership/node-record.ts'
import type { PeerView } from '../../../src/p2p/network.ts'

export interface PeerTraits extends Partial<Omit<NodeOffer, 'models'>> {
  readonly models?: readonly (string | ModelAdvert)[]
  readonly state?: PeerView['state']
  readonly load?: Partial<NodeLoad>
  readonly leaving?: boolean
  readonly roundTripMs?: number
}

export function makeModel(name: string, traits: Partial<ModelAdvert> = {}): ModelAdvert {
  return { name, loaded: true, capabilities: ['chat', 'completion'], ...traits }
}

/** A peer as the network would show it: linked, idle, and with these models in memory. */
export function makePeer(name: string, traits: PeerTraits = {}): PeerView {
  const { models = [], state = 'linked', load = {}, leaving = false, roundTripMs = 1, ...offer } = traits
  return {
    record: {
      peerId: `id-${name}`,
      name,
      incarnation: 1,
      sequence: 1,
      addresses: [],
      leaving,
      offer: {
        version: '0.1.0',
        group: '',
        serves: true,
        models: models.map((model) => (typeof model === 'string' ? makeModel(model) : model)),
        backends: [],
        slots: 1,
        memoryTotalBytes: 0,
        device: 'cpu',
        draining: false,
        ...offer,
      },
    },
    load: { running: 0, queued: 0, memoryFreeBytes: 0, ...load },
    state,
    path: 'direct',
    roundTripMs,
    lastSeenUnixMs: 0,
  }
}

/** A node without models: an entry. */
export const SERVES_NOTHING: LocalNode = { serves: () => false, loaded: () => false, slots: 1 }
