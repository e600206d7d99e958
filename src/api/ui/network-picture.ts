import type { NodeOffer } from '../../p2p/membership/node-record.ts'
import { type Member, toNode } from '../localai/p2p-nodes.ts'
import type { LiveNode, NodeFigures } from './event-schema.ts'

/** Peer ids, by what is new of them. */
export interface PictureChanges {
  readonly told: readonly string[]
  readonly moved: readonly string[]
  readonly gone: readonly string[]
}

/** The nodes as they were at the last look. */
export interface NetworkPicture {
  /** Says what is other than at the look before. */
  look(members: readonly Member[]): PictureChanges
  ids(): readonly string[]
  node(id: string): LiveNode | undefined
  figures(id: string): NodeFigures | undefined
}

interface Seen {
  member: Member
  /** What the node tells of itself. */
  offer: NodeOffer
  told: string
  moved: string
}

/** Free memory is told again when it differs by more than this part of all memory. */
const MEMORY_STEPS = 200

export function createNetworkPicture(): NetworkPicture {
  const seen = new Map<string, Seen>()

  function lookAt(member: Member): 'told' | 'moved' | undefined {
    const before = seen.get(member.peerId)
    const moved = JSON.stringify(roughly(member))
    // A node that has nothing new to say gives the same object; only this one makes a new one each time.
    const same = before?.offer === member.offer && before.member.addresses === member.addresses
    const told = same ? before.told : JSON.stringify([member.name, member.addresses, member.offer])
    if (before !== undefined && before.told === told && before.moved === moved) {
      before.member = member
      before.offer = member.offer
      return undefined
    }
    seen.set(member.peerId, { member, offer: member.offer, told, moved })
    return before?.told === told ? 'moved' : 'told'
  }

  return {
    look(members) {
      const told: string[] = []
      const moved: string[] = []
      for (const member of members) {
        const news = lookAt(member)
        if (news === 'told') told.push(member.peerId)
        else if (news === 'moved') moved.push(member.peerId)
      }
      const there = new Set(members.map(({ peerId }) => peerId))
      const gone = [...seen.keys()].filter((id) => !there.has(id))
      for (const id of gone) seen.delete(id)
      return { told, moved, gone }
    },
    ids: () => [...seen.keys()],
    node(id) {
      const known = seen.get(id)
      return known === undefined ? undefined : toLiveNode(known.member)
    },
    figures(id) {
      const known = seen.get(id)
      return known === undefined ? undefined : figuresOf(known.member)
    },
  }
}

function toLiveNode(member: Member): LiveNode {
  const { group, serves, lends } = member.offer
  const node = toNode(member)
  return {
    ...node,
    models: node.models.map((model) => ({ ...model, capabilities: [...model.capabilities] })),
    backends: [...node.backends],
    addresses: [...node.addresses],
    ...{ group, serves },
    ...(lends === undefined ? {} : { lends }),
  }
}

function figuresOf({ peerId, state, path, roundTripMs, load, lastSeenUnixMs }: Member): NodeFigures {
  const { running, queued, memoryFreeBytes } = load
  return {
    id: peerId,
    state,
    path,
    roundTripMs,
    running,
    queued,
    memoryFree: memoryFreeBytes,
    lastSeen: lastSeenUnixMs,
  }
}

/** Without what trembles: nobody wants to hear twice a second that the memory is a little other. */
function roughly({ state, path, roundTripMs, load, offer }: Member): readonly unknown[] {
  const step = Math.max(1, offer.memoryTotalBytes / MEMORY_STEPS)
  const roundTrip = roundTripMs === null ? null : Number(roundTripMs.toPrecision(2))
  return [state, path, roundTrip, load.running, load.queued, Math.round(load.memoryFreeBytes / step)]
}
