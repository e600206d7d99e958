import type { Duplex } from 'node:stream'
import { linkedPair } from '../base/linked-pair.ts'
import type { AcceptSocket } from '../p2p/network.ts'

/** A connection of a node to the face that it shows to members. */
export function openSelf(peerId: string, accept: AcceptSocket): Duplex {
  // As the sockets of other members have it.
  const { theirs, ours } = linkedPair({ remoteAddress: peerId })
  accept(theirs, peerId)
  return ours
}
