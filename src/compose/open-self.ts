import { type Duplex, duplexPair } from 'node:stream'
import type { AcceptSocket } from '../p2p/network.ts'

/** A connection of a node to the face that it shows to members. Either end that closes takes the other with it. */
export function openSelf(peerId: string, accept: AcceptSocket): Duplex {
  const [theirs, ours] = duplexPair()
  // As the sockets of other members have it.
  Object.assign(theirs, { remoteAddress: peerId })
  for (const socket of [theirs, ours]) {
    // An error that nobody listens to would end the process; whoever uses the other end sees it close.
    socket.on('error', () => {})
    socket.once('close', () => {
      theirs.destroy()
      ours.destroy()
    })
  }
  accept(theirs, peerId)
  return ours
}
