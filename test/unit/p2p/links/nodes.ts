import type { Server } from 'node:http'
import type { TestContext } from 'node:test'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { pino } from 'pino'
import { coalescing } from '../../../../src/p2p/admission/coalescing.ts'
import { createPeerSockets, type PeerSockets, type PeerSocketsInit } from '../../../../src/p2p/links/peer-sockets.ts'
import type { AcceptSocket } from '../../../../src/p2p/network.ts'
import { acceptInto } from '../../../support/p2p/accept-into.ts'

export const HTTP_PROTOCOL = '/local-ai/http/1'

export interface PeerInit extends PeerSocketsInit {
  /** Default: refuses. */
  readonly accept?: AcceptSocket
  /** Default 1024. The library's own default is 10. */
  readonly maxEarlyStreams?: number
}

export interface Peer {
  readonly node: Libp2p
  readonly id: string
  readonly sockets: PeerSockets
  /** Streams of our protocol that the library still counts. */
  streams(): readonly Stream[]
  stop(): Promise<void>
}

/** A node on loopback with sockets to its peers. The caller stops it. */
export async function startPeer(init: PeerInit = {}): Promise<Peer> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [coalescing(noise())],
    streamMuxers: [
      yamux({
        maxInboundStreams: 1280,
        maxOutboundStreams: 1280,
        maxEarlyStreams: init.maxEarlyStreams ?? 1024,
        streamOptions: {
          initialStreamWindowSize: 256 * 1024,
          maxStreamWindowSize: 1 << 20,
          maxReadBufferLength: 4 << 20,
        },
      }),
    ],
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 100, reconnectRetries: 0 },
    connectionMonitor: { enabled: false },
  })
  const { accept = refuse, maxEarlyStreams: _unused, ...limits } = init
  const sockets = createPeerSockets({ libp2p: node, log: pino({ level: 'silent' }), accept }, limits)
  await sockets.start()
  return {
    node,
    id: node.peerId.toString(),
    sockets,
    streams: () =>
      node.getConnections().flatMap(({ streams }) => streams.filter(({ protocol }) => protocol === HTTP_PROTOCOL)),
    async stop() {
      await sockets.stop()
      await node.stop()
    },
  }
}

export interface Pair {
  readonly asking: Peer
  readonly serving: Peer
  dial(): Promise<Connection>
}

/** Two nodes, the first connected to the second. Both end with the test. */
export async function startPair(context: TestContext, serve: PeerInit, ask: PeerInit = {}): Promise<Pair> {
  const [asking, serving] = await Promise.all([startPeer(ask), startPeer(serve)])
  context.after(() => Promise.all([asking.stop(), serving.stop()]))
  const dial = (): Promise<Connection> => asking.node.dial(serving.node.getMultiaddrs())
  await dial()
  return { asking, serving, dial }
}

/** The same with an HTTP server behind the second. */
export async function startHttpPair(context: TestContext, server: Server, serve: PeerInit = {}): Promise<Pair> {
  const accept = acceptInto(server)
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return await startPair(context, { ...serve, accept })
}

function refuse(): never {
  throw new Error('nobody is expected here')
}
