import type { AbortOptions } from '../../base/signals.ts'
import type { StreamSocket } from './stream-socket.ts'

/** Time between a failure to open, or the loss of a waiting socket, and the next try. */
const RETRY_MS = 1000

export interface WarmSocketsDeps {
  open(peerId: string, options: AbortOptions): Promise<StreamSocket>
}

export interface WarmSocketsInit {
  /** A socket that waited for so long is replaced, before the other side closes it for its silence. */
  readonly maxIdleMs: number
}

/** Sockets that were opened before anybody asked: opening one costs a round trip and milliseconds of work. */
export interface WarmSockets {
  /** Keeps `count` sockets waiting for that peer from now on, until `drop`. */
  keep(peerId: string, count: number): void
  /** One that waits and is still good, if there is one; another is opened in the background. */
  take(peerId: string, isGood: (socket: StreamSocket) => boolean): StreamSocket | undefined
  waiting(): number
  /** Closes those that wait and keeps none any more: for that peer, or for all. */
  drop(peerId?: string): void
}

interface WarmPeer {
  readonly ended: AbortController
  readonly idle: Set<StreamSocket>
  count: number
  opening: number
  retry: NodeJS.Timeout | undefined
}

export function createWarmSockets(deps: WarmSocketsDeps, init: WarmSocketsInit): WarmSockets {
  const peers = new Map<string, WarmPeer>()

  function fill(peerId: string, peer: WarmPeer): void {
    if (peer.ended.signal.aborted) return
    for (let missing = peer.count - peer.idle.size - peer.opening; missing > 0; missing -= 1) {
      peer.opening += 1
      deps
        .open(peerId, { signal: peer.ended.signal })
        .finally(() => {
          peer.opening -= 1
        })
        .then(
          (socket) => wait(peerId, peer, socket),
          () => fillLater(peerId, peer),
        )
    }
  }

  function fillLater(peerId: string, peer: WarmPeer): void {
    if (peer.ended.signal.aborted || peer.retry !== undefined) return
    peer.retry = setTimeout(() => {
      peer.retry = undefined
      fill(peerId, peer)
    }, RETRY_MS).unref()
  }

  function wait(peerId: string, peer: WarmPeer, socket: StreamSocket): void {
    if (peer.ended.signal.aborted) {
      socket.destroy()
      return
    }
    peer.idle.add(socket)
    socket.once('close', () => {
      if (peer.idle.delete(socket)) fillLater(peerId, peer)
    })
    socket.setTimeout(init.maxIdleMs, () => {
      if (peer.idle.has(socket)) socket.destroy()
    })
  }

  function end(peer: WarmPeer): void {
    peer.ended.abort()
    clearTimeout(peer.retry)
    for (const socket of peer.idle) socket.destroy()
  }

  return {
    keep(peerId, count) {
      const peer = peers.get(peerId) ?? {
        ended: new AbortController(),
        idle: new Set<StreamSocket>(),
        count,
        opening: 0,
        retry: undefined,
      }
      peers.set(peerId, peer)
      peer.count = count
      fill(peerId, peer)
    },
    take(peerId, isGood) {
      const peer = peers.get(peerId)
      if (peer === undefined) return undefined
      for (const socket of peer.idle) {
        peer.idle.delete(socket)
        // After the request that took it.
        setImmediate(fill, peerId, peer)
        if (isGood(socket)) return socket.setTimeout(0)
        socket.destroy()
      }
      return undefined
    },
    waiting: () => [...peers.values()].reduce((sum, { idle }) => sum + idle.size, 0),
    drop(peerId) {
      for (const [id, peer] of [...peers]) {
        if (peerId !== undefined && peerId !== id) continue
        peers.delete(id)
        end(peer)
      }
    },
  }
}
