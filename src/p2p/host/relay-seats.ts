import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2'
import type { Connection, Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'

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

/**
 * Keeps a node reachable that nobody can dial: reservations (circuit relay v2) on up to two connected members. The
 * library's own search for relays is not used: it walks the DHT without a pause while it has too few, and a network of two
 * never has enough.
 */
export function createRelaySeats({ log, libp2p, listen }: RelaySeatsDeps, mode: RelayMode): Startable {
  const offering = new Set<string>()
  let reached = false
  let topology: string | undefined
  let timer: NodeJS.Timeout | undefined

  /** A relay that is itself reached through a relay gives no seat. */
  function relays(): string[] {
    const direct = libp2p.getConnections().filter((one) => one.direct && one.status === 'open')
    const peers = new Set(direct.map((one) => one.remotePeer.toString()))
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
    if (mode === 'auto' && reached) return
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
    if (connection.direction === 'inbound' && connection.direct) reached = true
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
