import type { NodeLoad, NodeOffer } from '../../p2p/membership/node-record.ts'
import type { NetworkStatus, PeerView } from '../../p2p/network.ts'
import type { RosterDeps } from './p2p-roster.ts'
import type { WorkersSeen } from './p2p-workers.ts'

/** The private network, for the routes that show it. */
export interface PeerToPeer {
  status(): NetworkStatus
  peers(): readonly PeerView[]
  /** What this node tells the others of itself. */
  self(): { readonly offer: NodeOffer; readonly load: NodeLoad }
  /** The secret of the network. */
  token(): string
  /** Lending and borrowing memory. Absent: this node does neither. */
  readonly workers?: WorkersSeen | undefined
  /** Who may be in it. */
  readonly roster: NonNullable<RosterDeps['roster']>
  /** What may be public in its place, and whether this node answers those who have it. */
  viewToken(): { readonly viewToken: string; readonly viewId: string; readonly publicSummary: boolean }
}

/** One member, this node among them, as of now. */
export interface Member {
  readonly peerId: string
  readonly name: string
  readonly addresses: readonly string[]
  readonly offer: NodeOffer
  readonly load: NodeLoad
  readonly lastSeenUnixMs: number
  readonly state: PeerView['state'] | 'self'
  readonly path: PeerView['path'] | 'self'
  readonly roundTripMs: number | null
}

/** Every member, sorted by id as LocalAI sorts its lists. */
export function listMembers(p2p: Pick<PeerToPeer, 'status' | 'peers' | 'self'>, nowUnixMs: number): readonly Member[] {
  const { peerId, name, addresses } = p2p.status()
  const self: Member = {
    ...{ peerId, name, addresses, ...p2p.self() },
    ...{ lastSeenUnixMs: nowUnixMs, state: 'self', path: 'self', roundTripMs: 0 },
  }
  return [self, ...p2p.peers().map(toMember)].sort((left, right) => (left.peerId < right.peerId ? -1 : 1))
}

function toMember({ record, load, state, path, roundTripMs, lastSeenUnixMs }: PeerView): Member {
  const { peerId, name, addresses, offer } = record
  return { peerId, name, addresses, offer, load, lastSeenUnixMs, state, path, roundTripMs: roundTripMs ?? null }
}

export function isOnline({ state }: Member): boolean {
  return state !== 'silent'
}

/** `NodeData` as LocalAI's `/api/p2p` has it; behind its fields, ours in the same spelling. */
export function toNodeData(member: Member) {
  const { name, peerId, lastSeenUnixMs, offer, load } = member
  return {
    Name: name,
    ID: peerId,
    TunnelAddress: '',
    ServiceID: name,
    LastSeen: new Date(lastSeenUnixMs).toISOString(),
    PeerID: peerId,
    Version: offer.version,
    Models: offer.models.map((model) => model.name),
    AvailableVRAM: load.memoryFreeBytes,
    InFlight: load.running,
    IsOnline: isOnline(member),
  }
}

/** A node as LocalAI's other p2p routes have it; behind its fields, ours. */
export function toNode(member: Member) {
  const { name, peerId, lastSeenUnixMs, offer, load, roundTripMs, path, state, addresses } = member
  return {
    name,
    id: peerId,
    tunnelAddress: '',
    serviceID: name,
    lastSeen: new Date(lastSeenUnixMs).toISOString(),
    isOnline: isOnline(member),
    peerID: peerId,
    version: offer.version,
    models: offer.models,
    backends: offer.backends,
    device: offer.device,
    slots: offer.slots,
    running: load.running,
    queued: load.queued,
    memory: { total: offer.memoryTotalBytes, free: load.memoryFreeBytes },
    draining: offer.draining,
    roundTripMs,
    path,
    state,
    addresses,
  }
}
