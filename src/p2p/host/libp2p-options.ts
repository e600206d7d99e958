import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { type Identify, identify } from '@libp2p/identify'
import type { PrivateKey } from '@libp2p/interface'
import { type KadDHT, type KadDHTComponents, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import { createAddressLimit } from './address-limit.ts'
import { createDhtStore, withDhtStore } from './dht-store.ts'
import { announcedAddresses } from './host-addresses.ts'
import { createPendingGate } from './pending-gate.ts'
import type { RelayMode } from './relay-seats.ts'

/** First part of every protocol id, so that a node of another kind finds no word in common. */
const PREFIX = 'local-ai'
/** The DHT of members; of no other network. */
export const DHT_PROTOCOL = `/${PREFIX}/kad/1.0.0`

export type HostServices = {
  readonly identify: Identify
  readonly ping: Ping
  readonly listener: Listener
  /** Absent when the DHT is switched off. */
  readonly dht?: KadDHT
}

/** Listens on more addresses while running. */
export interface Listener {
  listen(addresses: Multiaddr[]): Promise<void>
}

export type EncrypterFactory = NonNullable<Libp2pOptions['connectionEncrypters']>[number]

export interface LibraryInit {
  readonly privateKey: PrivateKey
  readonly encrypter: EncrypterFactory
  /** What can be said instead of the admission; leads to no connection. */
  readonly viewEncrypter?: EncrypterFactory | undefined
  readonly logger: NonNullable<Libp2pOptions['logger']>
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly relay: RelayMode
  readonly dht: boolean
  readonly limits: boolean
  /** For people that look at a connection from the other end. */
  readonly userAgent: string
  readonly dhtAfterMs: number
  readonly providerValidityMs: number
}

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/**
 * What the library needs to be told, as measured. Streams: a paused reader must not lose its stream (the window has to stay
 * below the read buffer), a burst right after a dial must not break the muxer (`maxEarlyStreams`), and one peer can make
 * this node hold at most 1280 × 1 MiB; the 256 above HTTP's 1024 are for everything else. QUIC and WebRTC are left out: they bring a security of their own, and a peer would
 * pass by the admission.
 */
export function libp2pOptions(init: LibraryInit): Libp2pOptions<HostServices> {
  return {
    start: false,
    privateKey: init.privateKey,
    logger: init.logger,
    nodeInfo: { name: PREFIX, userAgent: init.userAgent },
    addresses: { listen: [...init.listen], announce: [...init.announce], announceFilter },
    transports: [tcp(), ...(init.relay === 'off' ? [] : [circuitRelayTransport()])],
    connectionEncrypters: [init.encrypter, ...(init.viewEncrypter === undefined ? [] : [init.viewEncrypter])],
    streamMuxers: [
      yamux({
        maxInboundStreams: 1280,
        maxOutboundStreams: 1280,
        maxEarlyStreams: 1024,
        streamOptions: {
          initialStreamWindowSize: 256 * 1024,
          maxStreamWindowSize: 1 << 20,
          maxReadBufferLength: 4 << 20,
        },
      }),
    ],
    connectionManager: connectionManager(init.limits),
    peerStore: { addressFilter: createAddressLimit({ now: () => performance.now() }) },
    connectionGater: createPendingGate({ perHost: init.limits ? 16 : 64 }),
    // Who is alive is judged by the links, several times a second. This slow ping only ends dead connections that carry no
    // link; every ping is a stream, and an event loop that is busy for a while must not look dead.
    connectionMonitor: {
      protocolPrefix: PREFIX,
      pingInterval: MINUTE_MS,
      pingTimeout: { minTimeout: 15_000, maxTimeout: 30_000 },
    },
    services: services(init),
  }
}

/** Without limits there are still bounds, only far out: a network has at most some hundred nodes. */
function connectionManager(limits: boolean): NonNullable<Libp2pOptions['connectionManager']> {
  return {
    maxConnections: limits ? 100 : 1024,
    // Per second and host. Behind one NAT or in one container host there are many nodes, and all come at once.
    inboundConnectionThreshold: limits ? 50 : 200,
    // Of all hosts together; the gate says how many of them one host may have.
    maxIncomingPendingConnections: limits ? 256 : 1024,
    maxParallelDials: 32,
    dialTimeout: 10_000,
    addressDialTimeout: 3_000,
    inboundUpgradeTimeout: 6_000,
    // Whom to dial again, and when, is decided by the dialler.
    reconnectRetries: 0,
  }
}

function services(init: LibraryInit): NonNullable<Libp2pOptions<HostServices>['services']> {
  const always = {
    identify: identify({ protocolPrefix: PREFIX }),
    ping: ping({ protocolPrefix: PREFIX }),
    // Not the manager itself: whatever is a service is started, and this one would listen twice.
    listener: ({ transportManager }: { transportManager: Listener }): Listener => ({
      listen: (addresses) => transportManager.listen(addresses),
    }),
  }
  const dht = kadDHT({
    protocol: DHT_PROTOCOL,
    clientMode: false,
    // A private network lives on private addresses.
    peerInfoMapper: passthroughMapper,
    // The first query of a node for itself, which all others wait for. Not while everybody joins: it dials whomever it
    // hears of, and the links tell of everybody sooner.
    initialQuerySelfInterval: init.dhtAfterMs,
    kBucketSize: 8,
    alpha: 3,
    disjointPaths: 2,
    // Records are provided again by the rendezvous, under keys that change: the library only has to forget.
    reprovide: { validity: init.providerValidityMs, threshold: 0, interval: init.providerValidityMs / 2 },
  })
  const boundedDht = (components: KadDHTComponents): KadDHT => dht(withDhtStore(components, createDhtStore()))
  return {
    ...always,
    ...(init.dht ? { dht: boundedDht } : {}),
    ...(init.relay === 'off' ? {} : relayServices(init.limits)),
  }
}

/**
 * A relayed connection has to outlive long answers: the library's two minutes and 128 KiB would cut every one of them. And
 * as long as it counts as limited, the library dials the peer anew whenever it needs it. Only who asked for limits gets
 * some, far out.
 */
function relayServices(limits: boolean) {
  const reservations = {
    maxReservations: limits ? 16 : 128,
    applyDefaultLimit: limits,
    defaultDurationLimit: DAY_MS,
    defaultDataLimit: 1n << 34n,
  }
  return { relay: circuitRelayServer({ reservations }), holePunching: dcutr() }
}

function announceFilter(addresses: Multiaddr[]): Multiaddr[] {
  const kept = new Set(announcedAddresses(addresses.map(String)))
  return addresses.filter((address) => kept.has(address.toString()) || address.toString().includes('/p2p-circuit'))
}
