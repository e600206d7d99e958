import type { PeerToPeer } from '../../src/api/localai/p2p-nodes.ts'
import { AppError } from '../../src/base/errors.ts'
import type { NetworkModel } from '../../src/federation/routed-request.ts'
import type { NodeOffer } from '../../src/p2p/membership/node-record.ts'
import type { PeerView } from '../../src/p2p/network.ts'

export const TOKEN = 'b3RwOgogIGRodDoKICAgIGtleTogc2VjcmV0Cg=='

function offerOf(more: Partial<NodeOffer>): NodeOffer {
  return {
    version: 'v0.1.0',
    group: '',
    serves: true,
    models: [],
    backends: ['llama-cpp'],
    slots: 4,
    memoryTotalBytes: 1000,
    device: 'cpu',
    draining: false,
    ...more,
  }
}

export function peerOf(name: string, more: Partial<PeerView> & { readonly offer?: Partial<NodeOffer> } = {}): PeerView {
  const { offer = {}, ...view } = more
  return {
    record: {
      peerId: `id-${name}`,
      name,
      incarnation: 1,
      sequence: 1,
      addresses: ['/ip4/127.0.0.1/tcp/4001'],
      offer: offerOf(offer),
      leaving: false,
    },
    load: { running: 2, queued: 1, memoryFreeBytes: 400 },
    state: 'linked',
    path: 'direct',
    roundTripMs: 0.5,
    lastSeenUnixMs: 1_700_000_000_000,
    ...view,
  }
}

/** A network of this node (`a`, which serves), a member that serves, one that fell silent, and an entry. */
export function fakeNetwork() {
  const far = { name: 'far', loaded: true, capabilities: ['chat'] }
  let peers: readonly PeerView[] = [
    peerOf('c', { state: 'silent', roundTripMs: undefined, path: 'relayed' }),
    peerOf('b', { offer: { models: [far] } }),
    peerOf('door', { offer: { serves: false } }),
  ]
  const models: readonly NetworkModel[] = [
    { name: 'far', created: 5, description: 'Far away.', capabilities: ['chat'], nodes: ['b', 'c'] },
    { name: 'tiny', created: 6, capabilities: ['chat'], nodes: ['b'] },
    { name: 'org/far', created: 7, capabilities: ['chat'], nodes: ['c'] },
  ]
  const p2p: PeerToPeer = {
    status: () => ({
      peerId: 'id-a',
      name: 'a',
      networkId: 'net',
      addresses: ['/ip4/127.0.0.1/tcp/4000'],
      linked: 2,
      findings: [{ problem: 'unreachable', message: 'nobody answers there', at: 1 }],
      bytesSent: 10,
      bytesReceived: 20,
    }),
    peers: () => peers,
    self: () => ({ offer: offerOf({}), load: { running: 0, queued: 0, memoryFreeBytes: 500 } }),
    token: () => TOKEN,
    roster: {
      isOwner: false,
      current: () => undefined,
      exclusionOf: () => undefined,
      knocks: () => [],
      decide: async () => {
        throw new AppError('request.forbidden', 'only the owner says who may be in the network')
      },
    },
    viewToken: () => ({ viewToken: 'local-ai-view-x', viewId: '0'.repeat(32), publicSummary: false }),
  }
  return {
    deps: { p2p, networkModels: () => models },
    /** From now on nobody is heard. */
    silence(): void {
      peers = peers.map((peer) => ({ ...peer, state: 'silent' }))
    },
  }
}
