import { createHash } from 'node:crypto'
import type { PeerView } from '../p2p/network.ts'

/**
 * Nodes in the order in which they keep something, the first one first: every node that knows the same nodes makes the same
 * order, and one that comes or goes moves only what it keeps itself. Highest random weight (Thaler and Ravishankar 1996).
 * Pure.
 */
export function rankNodes(key: string, peerIds: readonly string[]): readonly string[] {
  const weighed = [...new Set(peerIds)].map((peerId) => ({
    peerId,
    weight: createHash('sha256').update(`${key} ${peerId}`).digest('hex'),
  }))
  return weighed.sort((one, other) => (one.weight < other.weight ? 1 : -1)).map(({ peerId }) => peerId)
}

/** Whether a peer can be asked to keep something, or for what it keeps: a busy or leaving one as well. */
export function isKeeper({ record, state }: Pick<PeerView, 'record' | 'state'>, group: string): boolean {
  return state === 'linked' && record.offer.serves && record.offer.group === group
}
