import { generateKeyPair } from '@libp2p/crypto/keys'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal, raceSignal } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { listenToMdns } from '../discovery/mdns.ts'
import { libraryLog } from '../host/library-log.ts'
import type { PublicSummary } from './public-summary.ts'
import { resolveAddresses } from './resolve-addresses.ts'
import type { ViewCapability } from './view-capability.ts'
import { viewEncrypter } from './view-encrypter.ts'

export interface ViewDeps {
  readonly log: Pick<Logger, 'trace' | 'debug'>
}

export interface ViewInit {
  readonly capability: ViewCapability
  /** Multiaddresses beside those of the capability, most promising first. */
  readonly addresses: readonly string[]
  /** Look on the LAN too. */
  readonly mdns: boolean
  /** Of the IP addresses that names stand for as well. */
  readonly mayDial: (address: string) => boolean
}

const MAX_ADDRESSES = 24
const DIALS_AT_ONCE = 8
/** For one address, name look-up not counted. */
const ADDRESS_TIMEOUT_MS = 5000

/**
 * What the first member that can be reached tells of the network. This host can do nothing else: it listens nowhere, its key
 * is made for this one view, and it never has a libp2p connection. Throws `peer.unreachable` when all addresses are tried and
 * nothing more can come, or the reason of the signal.
 */
export async function viewNetwork(
  { log }: ViewDeps,
  { capability, addresses, mdns, mayDial }: ViewInit,
  options: AbortOptions = {},
): Promise<PublicSummary> {
  const over = new AbortController()
  const signal = anySignal(over.signal, options.signal)
  const told = Promise.withResolvers<PublicSummary>()
  const libp2p = await createLibp2p({
    start: false,
    privateKey: await generateKeyPair('Ed25519'),
    logger: libraryLog(log, 'fatal'),
    transports: [tcp()],
    connectionEncrypters: [viewEncrypter(capability, told.resolve)],
    connectionManager: { maxParallelDials: DIALS_AT_ONCE, addressDialTimeout: ADDRESS_TIMEOUT_MS, reconnectRetries: 0 },
    connectionMonitor: { enabled: false },
  })
  const tried = new Set<string>()

  async function tryAll(texts: readonly string[]): Promise<void> {
    const found = await resolveAddresses(texts, { signal })
    const places = found.filter((place) => !tried.has(place) && mayDial(place)).slice(0, MAX_ADDRESSES - tried.size)
    for (const place of places) tried.add(place)
    await Promise.allSettled(places.map((place) => libp2p.dial(multiaddr(place), { signal })))
  }
  const onLan = mdns
    ? listenToMdns(
        { libp2p, onCandidate: (candidate) => void tryAll(candidate.addresses).catch(() => {}) },
        capability.mdnsTag,
      )
    : undefined
  try {
    await libp2p.start()
    await onLan?.start()
    const known = tryAll([...addresses, ...capability.addresses])
    if (onLan === undefined) known.then(() => told.reject(nobody()), told.reject)
    else known.catch(() => {})
    return await raceSignal(told.promise, options.signal)
  } finally {
    over.abort(new AppError('peer.unreachable', 'the view is over'))
    await onLan?.stop()
    await libp2p.stop()
  }
}

function nobody(): AppError {
  return new AppError('peer.unreachable', 'no member of this network that tells of it can be reached')
}
