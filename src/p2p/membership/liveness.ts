import type { PeerState } from '../network.ts'

export interface LivenessInit {
  /** How often `tick` is called. */
  readonly tickMs: number
  /** Without a byte of the peer, with an open link. */
  readonly silentAfterMs: number
  /** From `silent` to forgotten. */
  readonly goneAfterMs: number
}

export interface Transition {
  readonly peerId: string
  readonly to: PeerState | 'gone'
}

/**
 * Who is there, by this node's own monotonic clock and its own links only. Pure but for its memory: `now` is an argument
 * and means the same clock each time. The results say what changed.
 */
export interface Liveness {
  /** A link is open and the peer has said who it is. */
  opened(peerId: string, now: number): readonly Transition[]
  /** Any byte came from the peer: on the link, or beside it. Counts only while a link is open. */
  heard(peerId: string, now: number): readonly Transition[]
  /** The link is gone without a goodbye. */
  closed(peerId: string, now: number): readonly Transition[]
  /** A goodbye. */
  left(peerId: string): readonly Transition[]
  tick(now: number): readonly Transition[]
  stateOf(peerId: string): PeerState | undefined
}

interface Watched {
  open: boolean
  heardAt: number
  /** Undefined while linked. */
  silentSince: number | undefined
}

/**
 * A tick that comes late means that this node itself stood still: blocked, stopped, or asleep. What peers sent meanwhile
 * is still unread, so the time lost is not held against them: they get what they had left, counted from now.
 */
export function createLiveness(init: LivenessInit): Liveness {
  const peers = new Map<string, Watched>()
  let tickedAt: number | undefined

  function forgive(lostMs: number, now: number): void {
    for (const peer of peers.values()) {
      peer.heardAt = Math.min(now, peer.heardAt + lostMs)
      if (peer.silentSince !== undefined) peer.silentSince = Math.min(now, peer.silentSince + lostMs)
    }
  }
  function judge(peerId: string, peer: Watched, now: number): Transition | undefined {
    if (peer.silentSince !== undefined) {
      if (now - peer.silentSince < init.goneAfterMs) return undefined
      peers.delete(peerId)
      return { peerId, to: 'gone' }
    }
    if (now - peer.heardAt < init.silentAfterMs) return undefined
    peer.silentSince = now
    return { peerId, to: 'silent' }
  }
  return {
    opened(peerId, now) {
      const before = peers.get(peerId)
      peers.set(peerId, { open: true, heardAt: now, silentSince: undefined })
      return before !== undefined && before.silentSince === undefined ? [] : [{ peerId, to: 'linked' }]
    },
    heard(peerId, now) {
      const peer = peers.get(peerId)
      if (peer === undefined || !peer.open) return []
      peer.heardAt = now
      if (peer.silentSince === undefined) return []
      peer.silentSince = undefined
      return [{ peerId, to: 'linked' }]
    },
    closed(peerId, now) {
      const peer = peers.get(peerId)
      if (peer === undefined) return []
      peer.open = false
      if (peer.silentSince !== undefined) return []
      peer.silentSince = now
      return [{ peerId, to: 'silent' }]
    },
    left(peerId) {
      return peers.delete(peerId) ? [{ peerId, to: 'gone' }] : []
    },
    tick(now) {
      const lateMs = tickedAt === undefined ? 0 : now - tickedAt - init.tickMs
      tickedAt = now
      if (lateMs > init.tickMs) forgive(lateMs, now)
      return [...peers].flatMap(([peerId, peer]) => judge(peerId, peer, now) ?? [])
    },
    stateOf(peerId) {
      const peer = peers.get(peerId)
      if (peer === undefined) return undefined
      return peer.silentSince === undefined ? 'linked' : 'silent'
    },
  }
}
