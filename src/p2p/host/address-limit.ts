import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { NewestMap } from '../../base/newest-map.ts'

export interface AddressLimitInit {
  /** Of one peer, within `windowMs`. A node tells of ten at most. */
  readonly most?: number
  readonly windowMs?: number
}

const MAX_PEERS = 2048
const MAX_LENGTH = 512

/**
 * Which addresses of a peer the library notes. Members tell it of as many as they like, in messages of the DHT, and it writes all that
 * it has of a peer anew with each: with thousands of them that takes seconds, in which nothing else happens. `now`: monotonic.
 */
export function createAddressLimit(
  { now }: { readonly now: () => number },
  { most = 64, windowMs = 60 * 60_000 }: AddressLimitInit = {},
): (peerId: PeerId, address: Multiaddr) => boolean {
  const windows = new NewestMap<string, { readonly endsAt: number; readonly noted: Set<string> }>(MAX_PEERS)
  return (peerId, address) => {
    const text = address.toString()
    if (text.length > MAX_LENGTH) return false
    const id = peerId.toString()
    const known = windows.get(id)
    const window =
      known !== undefined && known.endsAt > now() ? known : { endsAt: now() + windowMs, noted: new Set<string>() }
    if (window !== known) windows.set(id, window)
    if (window.noted.size >= most) return window.noted.has(text)
    window.noted.add(text)
    return true
  }
}
