import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2'
import type { Connection, Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { type Scope, scopeOf } from './host-addresses.ts'

/**
 * `auto`: take seats when nobody could reach this node directly; `on`: always take them; `off`: neither relay for others
 * nor be relayed.
 */
export type RelayMode = 'auto' | 'on' | 'off'

export interface RelaySeatsDeps {
  readonly log: Pick<Logger, 'debug'>
  readonly libp2p: Libp2p
  /** Listens on one more address while running: for `/p2p/<relay>/p2p-circuit` that is a reservation. */
  readonly listen: (addresses: Multiaddr[]) => Promise<void>
}

const SEATS = 2
/** Time for the others to dial this node before it believes that they cannot. */
const GRACE_MS = 4_000
const RETRY_MS = 15_000

export interface Reach {
  /** From where others have dialled this node, ever since it started. */
  readonly dialledFrom: ReadonlySet<Scope>
  /** Where those are that it has a direct connection with now. */
  readonly connectedWith: ReadonlySet<Scope>
}

const NEAR_TO_FAR: readonly Scope[] = ['machine', 'site', 'world']

/**
 * Whether nobody can dial this node from as far as its network goes. A neighbour that got through proves nothing for
 * those on the other side of a NAT; somebody from far away proves it for all who are nearer.
 */
export function needsSeats({ dialledFrom, connectedWith }: Reach): boolean {
  const farthest = (scopes: ReadonlySet<Scope>) => NEAR_TO_FAR.findLastIndex((scope) => scopes.has(scope))
  return dialledFrom.size === 0 || farthest(connectedWith) > farthest(dialledFrom)
}

/**
 * Keeps a node reachable that nobody can dial: reservations (circuit relay v2) on up to two connected members. The
 * library's own search for relays is not used: it walks the DHT without a pause while it has too few, and a network of two
 * never has enough.
 */
export function createRelaySeats({ log, libp2p, listen }: RelaySeatsDeps, mode: RelayMode): Startable {
  const offering = new Set<string>()
  const dialledFrom = new Set<Scope>()
  let topology: string | undefined
  let timer: NodeJS.Timeout | undefined

  function directOnes(): Connection[] {
    return libp2p.getConnections().filter((one) => one.direct && one.status === 'open')
  }
  /** A relay that is itself reached through a relay gives no seat. */
  function relays(): string[] {
    const peers = new Set(directOnes().map((one) => one.remotePeer.toString()))
    return [...offering].filter((peer) => peers.has(peer))
  }
  function held(): number {
    const seats = libp2p
      .getMultiaddrs()
      .flatMap((address) => /([^/]+)\/p2p-circuit/.exec(address.toString())?.[1] ?? [])
    return new Set(seats).size
  }
  function lookIn(ms: number): void {
    if (topology === undefined || mode === 'off') return
    timer ??= setTimeout(() => {
      timer = undefined
      void takeSeats()
    }, ms).unref()
  }
  async function takeSeats(): Promise<void> {
    const connectedWith = new Set(directOnes().map((one) => scopeOf(one.remoteAddr.toString())))
    if (mode === 'auto' && !needsSeats({ dialledFrom, connectedWith })) return
    for (const relay of relays()) {
      if (held() >= SEATS) return
      try {
        await listen([multiaddr(`/p2p/${relay}/p2p-circuit`)])
      } catch (error) {
        log.debug({ err: error, relay }, 'a member gave no relay seat')
      }
    }
    if (held() < SEATS && relays().length > held()) lookIn(RETRY_MS)
  }
  function onConnection({ detail: connection }: CustomEvent<Connection>): void {
    if (!connection.direct) return
    if (connection.direction === 'inbound') dialledFrom.add(scopeOf(connection.remoteAddr.toString()))
    // Whoever is farther away than all before may change the answer, also when it gives no seats itself.
    else if (offering.size > 0) lookIn(GRACE_MS)
  }
  return {
    async start() {
      libp2p.addEventListener('connection:open', onConnection)
      topology = await libp2p.register(RELAY_V2_HOP_CODEC, {
        onConnect(peerId) {
          offering.add(peerId.toString())
          lookIn(mode === 'on' ? 0 : GRACE_MS)
        },
        onDisconnect(peerId) {
          offering.delete(peerId.toString())
          lookIn(GRACE_MS)
        },
      })
    },
    async stop() {
      libp2p.removeEventListener('connection:open', onConnection)
      clearTimeout(timer)
      if (topology !== undefined) libp2p.unregister(topology)
      topology = undefined
      offering.clear()
    },
  }
}
