import { generateKeyPair } from '@libp2p/crypto/keys'
import { createKeyRing, createRendezvousRing } from '../../src/p2p/admission/create-key-ring.ts'
import { createNetwork } from '../../src/p2p/create-network.ts'
import type { NodeOffer } from '../../src/p2p/membership/node-record.ts'
import type { AcceptSocket, Network } from '../../src/p2p/network.ts'
import { networkIdOf } from '../../src/p2p/token/network-id.ts'
import { parseToken } from '../../src/p2p/token/parse-token.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

export interface BenchNetworkInit {
  readonly token: string
  readonly name: string
  /** HOST:PORT of a member; the first has none. */
  readonly bootstrap: readonly string[]
  readonly accept?: AcceptSocket
}

/** The product's network on the loopback, with a fresh identity, and nothing of a node around it. */
export async function createBenchNetwork(init: BenchNetworkInit): Promise<Network> {
  const log = createLogger({ level: 'error', format: 'json' })
  const token = parseToken(init.token)
  const clock = { now: Date.now }
  return createNetwork(
    {
      log,
      accept: init.accept ?? ((socket) => socket.destroy()),
      privateKey: await generateKeyPair('Ed25519'),
      keyRing: createKeyRing(clock, token),
      rendezvousRing: createRendezvousRing(clock, token),
    },
    {
      name: init.name,
      networkId: networkIdOf(token),
      version: 'bench',
      bootstrap: init.bootstrap,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      mdns: false,
      dht: true,
      relay: 'off',
      limits: false,
      libraryLogLevel: 'fatal',
      port: 0,
    },
  )
}

/** Joins as a member that only asks, and waits for its first link. `peerId`: who is at the other end. */
export async function joinBenchNetwork(
  init: Omit<BenchNetworkInit, 'accept'>,
): Promise<{ readonly network: Network; readonly peerId: string }> {
  const network = await createBenchNetwork(init)
  const linked = Promise.withResolvers<string>()
  network.onChange(() => {
    const peer = network.peers().find(({ state }) => state === 'linked')
    if (peer !== undefined) linked.resolve(peer.record.peerId)
  })
  await network.start()
  return { network, peerId: await linked.promise }
}

/** HOST:PORT where the network can be called. */
export function contactOf(network: Network): string {
  const [, host, port] = /^\/ip4\/([\d.]+)\/tcp\/(\d+)/.exec(network.status().addresses[0] ?? '') ?? []
  return `${host}:${port}`
}

/** An offer as a node with these models makes it. */
export function offerOf(models: readonly string[], slots: number): NodeOffer {
  return {
    version: 'bench',
    group: '',
    serves: true,
    models: models.map((name) => ({ name, loaded: true, capabilities: ['chat', 'completion'], contextSize: 4096 })),
    backends: ['llama-cpp'],
    slots,
    memoryTotalBytes: 8e9,
    device: 'cpu',
    draining: false,
  }
}
