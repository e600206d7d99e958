import type { Duplex } from 'node:stream'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { AcceptSocket } from '../network.ts'
import { createOpenStream, rankConnections } from './open-stream.ts'
import { createSocketLedger, type SocketLedger } from './socket-ledger.ts'
import { StreamSocket } from './stream-socket.ts'
import { createWarmSockets } from './warm-sockets.ts'

const HTTP_PROTOCOL = '/local-ai/http/1'
const DEFAULTS = {
  maxStreamsPerPeer: 1024,
  maxHeldBytesPerPeer: 64 * 2 ** 20,
  maxHeldBytes: 256 * 2 ** 20,
  openTimeoutMs: 5000,
  silentTimeoutMs: 10 * 60_000,
}

export interface PeerSocketsDeps {
  readonly libp2p: Pick<Libp2p, 'handle' | 'unhandle' | 'getConnections' | 'addEventListener' | 'removeEventListener'>
  readonly log: Pick<Logger, 'debug' | 'warn'>
  /** Gets a member's socket with its first bytes. */
  readonly accept: AcceptSocket
}

export interface PeerSocketsInit {
  /** In each direction. Default 1024. */
  readonly maxStreamsPerPeer?: number
  /** Bytes that came and were not read, or were written and not sent, over all sockets of one peer. Default 64 MiB. */
  readonly maxHeldBytesPerPeer?: number
  /** The same over all peers. Default 256 MiB. */
  readonly maxHeldBytes?: number
  /** How long the peer may take to accept one stream. Default 5000. */
  readonly openTimeoutMs?: number
  /** A stream on which the peer never sent a byte is closed after this. Default ten minutes. */
  readonly silentTimeoutMs?: number
}

/** How many sockets there are now. Those that wait are among the outbound ones. */
export interface SocketCounts {
  readonly inbound: number
  readonly outbound: number
  readonly waiting: number
  readonly heldBytes: number
}

/**
 * Byte streams between this node and the other members, for HTTP. Opening one dials nobody: it needs a connection.
 *
 * A peer cannot make this node hold more than a fixed amount of memory: so many streams, and so many bytes over all of
 * them (see `StreamSocket.heldBytes` for what counts). When there is more, the newest streams are reset.
 * A stream costs no parser before its first byte, and is closed when that does not come. From the first byte on the HTTP
 * server's own timeouts count.
 */
export interface PeerSockets extends Startable {
  /** A socket to the peer: one opened in advance, or a new one. Throws `peer.unreachable` or the signal's reason. */
  open(peerId: string, options?: AbortOptions): Promise<Duplex>
  /** Keeps so many sockets open in advance, until the peer goes. Opens them in the background; never throws. */
  warm(peerId: string, count: number): void
  /** The peer is given up: all its sockets break, and with them the requests on them; so do those that are being opened. */
  drop(peerId: string): void
  counts(): SocketCounts
}

export function createPeerSockets(deps: PeerSocketsDeps, init: PeerSocketsInit = {}): PeerSockets {
  const limits = { ...DEFAULTS, ...init }
  const ledger = createSocketLedger(deps, limits)
  const openStream = createOpenStream({
    protocol: HTTP_PROTOCOL,
    maxOutboundStreams: limits.maxStreamsPerPeer,
    timeoutMs: limits.openTimeoutMs,
  })
  const stopped = new AbortController()
  /** By peer: aborts when it is given up. */
  const givenUp = new Map<string, AbortController>()
  // Half of what the other side bears, so that no request meets a socket that is just being closed.
  const warmSockets = createWarmSockets({ open: openNew }, { maxIdleMs: limits.silentTimeoutMs / 2 })
  const onInbound = createInbound({ ...deps, ledger }, limits)

  async function openNew(peerId: string, options: AbortOptions): Promise<StreamSocket> {
    stopped.signal.throwIfAborted()
    const connections = connectionsTo(peerId)
    const dropped = givenUp.get(peerId) ?? new AbortController()
    givenUp.set(peerId, dropped)
    const signal = anySignal(AbortSignal.any([dropped.signal, stopped.signal]), options.signal)
    const { stream, connection } = await openStream(connections, { signal })
    const socket = new StreamSocket(stream, { peerId, relayed: !connection.direct, watch: ledger.watch })
    ledger.add(socket, 'outbound')
    return socket
  }

  function connectionsTo(peerId: string): readonly Connection[] {
    return deps.libp2p.getConnections(toPeerId(peerId))
  }

  function drop(peerId: string): void {
    warmSockets.drop(peerId)
    givenUp.get(peerId)?.abort(new AppError('peer.unreachable', 'the peer was given up'))
    givenUp.delete(peerId)
    for (const socket of ledger.sockets(peerId)) {
      socket.destroy(Object.assign(new Error('the peer was given up'), { code: 'ECONNRESET' }))
    }
  }

  const onDisconnect = (event: CustomEvent<PeerId>): void => drop(event.detail.toString())

  return {
    async start() {
      deps.libp2p.addEventListener('peer:disconnect', onDisconnect)
      await deps.libp2p.handle(HTTP_PROTOCOL, onInbound, {
        maxInboundStreams: limits.maxStreamsPerPeer,
        maxOutboundStreams: limits.maxStreamsPerPeer,
        runOnLimitedConnection: true,
      })
    },
    async stop() {
      stopped.abort(new AppError('node.stopping', 'the node is stopping'))
      deps.libp2p.removeEventListener('peer:disconnect', onDisconnect)
      await deps.libp2p.unhandle(HTTP_PROTOCOL)
      warmSockets.drop()
      for (const socket of ledger.sockets()) socket.destroy()
    },
    async open(peerId, options = {}) {
      options.signal?.throwIfAborted()
      const isDirect = rankConnections(connectionsTo(peerId))[0]?.direct === true
      const waiting = warmSockets.take(peerId, (socket) => socket.isUsable && !(socket.relayed && isDirect))
      return waiting ?? (await openNew(peerId, options))
    },
    warm: (peerId, count) => warmSockets.keep(peerId, count),
    drop,
    counts() {
      const all = ledger.sockets()
      const inbound = [...new Set(all.map((socket) => socket.remoteAddress))]
        .map((peerId) => ledger.inbound(peerId))
        .reduce((sum, count) => sum + count, 0)
      const heldBytes = all.reduce((sum, socket) => sum + socket.heldBytes, 0)
      return { inbound, outbound: all.length - inbound, waiting: warmSockets.waiting(), heldBytes }
    },
  }
}

type Inbound = (stream: Stream, connection: Connection) => void

function createInbound(
  deps: Pick<PeerSocketsDeps, 'log' | 'accept'> & { readonly ledger: SocketLedger },
  limits: { readonly maxStreamsPerPeer: number; readonly silentTimeoutMs: number },
): Inbound {
  return function onInbound(stream, connection) {
    const peerId = connection.remotePeer.toString()
    // The library counts per connection; a peer may have several.
    if (deps.ledger.inbound(peerId) >= limits.maxStreamsPerPeer) {
      stream.abort(new AppError('node.overloaded', 'the peer has too many streams open'))
      return
    }
    const socket = new StreamSocket(stream, { peerId, relayed: !connection.direct, watch: deps.ledger.watch })
    deps.ledger.add(socket, 'inbound')
    const giveUp = (): void => void socket.destroy()
    socket.setTimeout(limits.silentTimeoutMs, giveUp)
    stream.addEventListener('remoteCloseWrite', giveUp)
    function onFirstBytes(): void {
      stream.removeEventListener('remoteCloseWrite', giveUp)
      socket.setTimeout(0, giveUp)
      if (socket.destroyed) return
      try {
        deps.accept(socket, peerId)
      } catch (error) {
        deps.log.warn({ peer: peerId, err: error }, 'a socket of a peer could not be served')
        socket.destroy()
      }
    }
    stream.addEventListener('message', onFirstBytes, { once: true })
    if (stream.remoteWriteStatus === 'closed' && stream.readBufferLength === 0) giveUp()
  }
}

function toPeerId(peerId: string): PeerId {
  try {
    return peerIdFromString(peerId)
  } catch (cause) {
    throw new AppError('peer.unreachable', 'that is not the id of a peer', { cause })
  }
}
