import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Dispatcher, Pool } from 'undici'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Network } from '../p2p/network.ts'
import { unreachable } from './exchange.ts'

export interface PeerClientsInit {
  /** Connections to one peer; more requests at a time wait for one of them. */
  readonly connectionsPerPeer: number
  readonly connectTimeoutMs: number
  /** How long a peer may take until it answers anything: a whole generation, when the client does not stream. */
  readonly headersTimeoutMs: number
  readonly keepAliveMs: number
}

/** HTTP/1.1 to peers over the sockets that the network opens. A client is made when it is first needed. */
export interface PeerClients {
  to(peerId: string): Dispatcher
  /** Ends whatever goes to other peers than these: requests in flight fail with `peer.unreachable` at once. */
  keepOnly(peerIds: ReadonlySet<string>): void
  /** The last call. Ends everything with `reason`. */
  close(reason: AppError): Promise<void>
}

export interface PeerClientsDeps {
  readonly network: Pick<Network, 'openSocket'>
  /** To this node itself. */
  readonly self?: { readonly peerId: string; readonly open: () => Duplex } | undefined
}

interface Client {
  readonly pool: Pool
  readonly gone: AbortController
}

export function createPeerClients({ network, self }: PeerClientsDeps, init: PeerClientsInit): PeerClients {
  const clients = new Map<string, Client>()

  async function openSocket(peerId: string, options: AbortOptions): Promise<Duplex> {
    return self?.peerId === peerId ? self.open() : await network.openSocket(peerId, options)
  }

  function create(peerId: string): Client {
    const gone = new AbortController()
    const pool = new Pool('http://peer', {
      connections: init.connectionsPerPeer,
      pipelining: 1,
      keepAliveTimeout: init.keepAliveMs,
      keepAliveMaxTimeout: init.keepAliveMs,
      headersTimeout: init.headersTimeoutMs,
      bodyTimeout: 0,
      connect(_options, callback) {
        const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(init.connectTimeoutMs)])
        openSocket(peerId, { signal }).then(
          // undici needs nothing of a socket that the network's streams have not.
          (socket) => callback(null, socket as Socket),
          (error: unknown) => callback(unreachable('no connection to the node', error), null),
        )
      },
    })
    return { pool, gone }
  }

  async function end({ pool, gone }: Client, reason: AppError): Promise<void> {
    gone.abort(reason)
    await pool.destroy(reason)
  }

  return {
    to(peerId) {
      const known = clients.get(peerId)
      if (known !== undefined) return known.pool
      const client = create(peerId)
      clients.set(peerId, client)
      return client.pool
    },
    keepOnly(peerIds) {
      for (const [peerId, client] of clients) {
        if (peerIds.has(peerId)) continue
        clients.delete(peerId)
        void end(client, new AppError('peer.unreachable', 'the node is not heard any more'))
      }
    },
    async close(reason) {
      const ending = [...clients.values()]
      clients.clear()
      await Promise.all(ending.map((client) => end(client, reason)))
    },
  }
}
