import { createHash } from 'node:crypto'
import type { Libp2p, Startable as LibraryStartable, PeerDiscovery, PeerInfo } from '@libp2p/interface'
import { type MulticastDNSComponents, mdns } from '@libp2p/mdns'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { KeyRing } from '../admission/key-ring.ts'
import type { Host } from '../host.ts'
import type { OnCandidate } from './candidate.ts'

export interface MdnsDeps {
  readonly log: Pick<Logger, 'debug'>
  readonly host: Host
  readonly keyRing: KeyRing
  readonly onCandidate: OnCandidate
}

/** A step that never comes again. The tag must not rotate: a node whose clock is wrong has to be found, to be told. */
const TAG_STEP = 0
const EAGER_INTERVAL_MS = 1_000
const EAGER_FOR_MS = 5_000
const CALM_INTERVAL_MS = 15_000

/**
 * The name under which the nodes of one network look for each other on the LAN. Made from a key that serves for nothing
 * else, through a hash: it tells networks apart, and says nothing of the token. At most 15 characters (RFC 6763 section 7.2).
 */
export function mdnsServiceTag(keyRing: Pick<KeyRing, 'key'>): string {
  const digest = createHash('sha256').update(keyRing.key(TAG_STEP, 'mdns')).digest('hex')
  return `_la-${digest.slice(0, 12)}._udp.local`
}

export interface MdnsListenerDeps {
  readonly libp2p: Pick<Libp2p, 'getMultiaddrs' | 'logger'>
  readonly onCandidate: OnCandidate
}

/** Asks under a name in regular intervals; a host with addresses answers under it too. */
export function listenToMdns(
  { libp2p, onCandidate }: MdnsListenerDeps,
  serviceTag: string,
  intervalMs = EAGER_INTERVAL_MS,
): Startable {
  const addressManager = { getAddresses: () => libp2p.getMultiaddrs() } as MulticastDNSComponents['addressManager']
  const discovery = mdns({ serviceTag, interval: intervalMs })({
    logger: libp2p.logger,
    addressManager,
  }) as PeerDiscovery & LibraryStartable
  function onPeer({ detail: peer }: CustomEvent<PeerInfo>): void {
    onCandidate({ peerId: peer.id.toString(), addresses: peer.multiaddrs.map(String), source: 'mdns' })
  }
  return {
    async start() {
      discovery.addEventListener('peer', onPeer)
      await discovery.start()
    },
    async stop() {
      discovery.removeEventListener('peer', onPeer)
      await discovery.stop()
    },
  }
}

/** Finds members on the LAN (RFC 6762). Asks every second at first, since a datagram may be lost, and seldom later. */
export function createMdns({ log, host, keyRing, onCandidate }: MdnsDeps): Startable {
  const serviceTag = mdnsServiceTag(keyRing)
  let active: Startable | undefined
  let timer: NodeJS.Timeout | undefined
  let turn = Promise.resolve()

  async function replace(intervalMs: number | undefined): Promise<void> {
    await active?.stop()
    active = undefined
    if (intervalMs === undefined) return
    active = listenToMdns({ libp2p: host.libp2p, onCandidate }, serviceTag, intervalMs)
    await active.start()
  }
  /** One after the other: a stop that overtakes a start would leave a socket open. */
  function inTurn(interval: number | undefined): Promise<void> {
    turn = turn.then(
      () => replace(interval),
      () => replace(interval),
    )
    return turn
  }

  return {
    async start() {
      await inTurn(EAGER_INTERVAL_MS)
      timer = setTimeout(() => {
        inTurn(CALM_INTERVAL_MS).catch((error: unknown) => log.debug({ err: error }, 'mDNS does not go on'))
      }, EAGER_FOR_MS)
    },
    async stop() {
      clearTimeout(timer)
      await inTurn(undefined)
    },
  }
}
