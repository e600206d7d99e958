import type { Logger } from '../../telemetry/logger.ts'
import type { PeerView } from '../network.ts'
import { isIdle, type NodeLoad } from './node-record.ts'

/** What the rest of the node sees of the members. */
export interface PeerTable {
  /** A changed view is a new object; one that says the same is left alone. */
  set(peerId: string, view: PeerView): void
  delete(peerId: string): void
  get(peerId: string): PeerView | undefined
  /** The same array until something changed. */
  peers(): readonly PeerView[]
  onChange(listener: () => void): () => void
}

/** A view whose time is older than this is renewed when the peer is heard, which is no change to tell anybody of. */
const STALE_MS = 1000
/** A round trip that differs by less is the same. */
const ROUND_TRIP_NOISE = { share: 0.2, ms: 0.2 }

export function createPeerTable({ log }: { readonly log: Pick<Logger, 'error'> }): PeerTable {
  const views = new Map<string, PeerView>()
  const listeners = new Set<() => void>()
  let listed: readonly PeerView[] | undefined = []

  function changed(): void {
    listed = undefined
    for (const listener of [...listeners]) {
      try {
        listener()
      } catch (error) {
        log.error({ err: error }, 'a listener to changes of the peers failed')
      }
    }
  }
  return {
    set(peerId, view) {
      const before = views.get(peerId)
      if (before !== undefined && saysTheSame(before, view)) {
        if (view.lastSeenUnixMs - before.lastSeenUnixMs < STALE_MS) return
        views.set(peerId, { ...before, lastSeenUnixMs: view.lastSeenUnixMs })
        listed = undefined
        return
      }
      views.set(peerId, view)
      changed()
    },
    delete(peerId) {
      if (views.delete(peerId)) changed()
    },
    get: (peerId) => views.get(peerId),
    peers() {
      listed ??= [...views.values()]
      return listed
    },
    onChange(listener) {
      // Wrapped, so that one function can listen twice and stop once.
      const own = (): void => listener()
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}

function saysTheSame(one: PeerView, other: PeerView): boolean {
  return (
    one.record === other.record &&
    one.state === other.state &&
    one.path === other.path &&
    isSameLoad(one.load, other.load) &&
    isSameRoundTrip(one.roundTripMs, other.roundTripMs)
  )
}

/** A load is told of as often as it is reported; that there is still none is no news. */
function isSameLoad(one: NodeLoad, other: NodeLoad): boolean {
  if (one === other) return true
  if (one.prefixes !== other.prefixes || one.memoryFreeBytes !== other.memoryFreeBytes) return false
  return isIdle(one) && isIdle(other)
}

function isSameRoundTrip(one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return Math.abs(one - other) <= Math.max(ROUND_TRIP_NOISE.ms, one * ROUND_TRIP_NOISE.share)
}
