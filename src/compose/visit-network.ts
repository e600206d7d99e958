import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../base/errors.ts'
import { type AbortOptions, anySignal, raceSignal } from '../base/signals.ts'
import type { VisitedNetwork, VisitNetwork } from '../explorer/visits.ts'
import { createKeyRing, createRendezvousRing } from '../p2p/admission/create-key-ring.ts'
import { createNetwork } from '../p2p/create-network.ts'
import { bootstrapAddress } from '../p2p/discovery/bootstrap-address.ts'
import type { LibraryLogLevel } from '../p2p/host/library-log.ts'
import { temporaryKey } from '../p2p/identity/node-identity.ts'
import type { Network } from '../p2p/network.ts'
import { networkIdOf } from '../p2p/token/network-id.ts'
import type { NetworkToken } from '../p2p/token/network-token.ts'
import { parseToken } from '../p2p/token/parse-token.ts'
import { makeSummary } from '../p2p/view/make-summary.ts'
import { type PublicSummary, SUMMARY_BOUNDS } from '../p2p/view/public-summary.ts'
import { resolveAddresses } from '../p2p/view/resolve-addresses.ts'
import { parseViewCapability, type ViewCapability } from '../p2p/view/view-capability.ts'
import { viewNetwork } from '../p2p/view/view-network.ts'
import type { Logger } from '../telemetry/logger.ts'
import { version } from './version.ts'
import { toViewCapability } from './view-token.ts'

export interface VisitorInit {
  /** Places to ask for every network, as `HOST:PORT` or multiaddress. */
  readonly bootstrap: readonly string[]
  readonly mdns: boolean
  readonly mayDial: (address: string) => boolean
  readonly libraryLogLevel: LibraryLogLevel
}

/** Seeing is quicker than joining, and its members need not notice. */
const JOIN_AFTER_MS = 2000
/** The first member tells at once whom it knows; the others are linked within moments. */
const CALM_MS = 1000
const SETTLED_MS = 5000

/**
 * Visits with a view token ask a member for the summary. With a full token the same is tried, for a moment alone; networks
 * that do not answer viewers are joined for some seconds, as somebody who neither serves nor asks.
 */
export function createNetworkVisitor({ log }: { readonly log: Logger }, init: VisitorInit): VisitNetwork {
  const bootstrap = init.bootstrap.map((text) => bootstrapAddress(text))

  async function view(capability: ViewCapability, places: readonly string[], options: AbortOptions) {
    const { mdns, mayDial } = init
    return await viewNetwork({ log }, { capability, addresses: [...places, ...bootstrap], mdns, mayDial }, options)
  }
  async function visitWithToken(token: NetworkToken, places: readonly string[], outer: AbortSignal) {
    const over = new AbortController()
    const signal = anySignal(over.signal, outer)
    const viewed = view(toViewCapability(token, []), places, { signal })
    const failed = viewed.then(
      () => Promise.reject(new Error('the network was seen')),
      () => {},
    )
    const joined = Promise.race([failed, delay(JOIN_AFTER_MS, undefined, { signal })]).then(async () => {
      const known = await resolveAddresses([...places, ...bootstrap], { signal })
      return await join(token, known.filter(init.mayDial), signal)
    })
    try {
      return await Promise.any([viewed, joined])
    } catch (cause) {
      outer.throwIfAborted()
      throw new AppError('peer.unreachable', 'no member of this network can be reached', { cause })
    } finally {
      over.abort(new AppError('peer.unreachable', 'the visit is over'))
      await Promise.allSettled([viewed, joined])
    }
  }
  async function join(token: NetworkToken, members: readonly string[], signal: AbortSignal): Promise<PublicSummary> {
    const clock = { now: Date.now }
    const { mdns, mayDial, libraryLogLevel } = init
    const network = createNetwork(
      {
        log: log.child({ room: 'p2p' }, { level: 'silent' }),
        accept: (socket) => socket.destroy(),
        privateKey: await temporaryKey(),
        keyRing: createKeyRing(clock, token),
        rendezvousRing: createRendezvousRing(clock, token),
      },
      {
        ...{ name: 'explorer', networkId: networkIdOf(token), version: version(), bootstrap: members, mdns, mayDial },
        // Nobody has to dial this one.
        ...{ listen: ['/ip4/127.0.0.1/tcp/0'], port: 0, announce: [], dht: false, relay: 'off', limits: true },
        libraryLogLevel,
      },
    )
    try {
      await network.start({ signal })
      await settled(network, signal)
      return toSummary(network, toViewCapability(token, []).secret)
    } finally {
      await network.stop()
    }
  }

  return async ({ kind, token, places }: VisitedNetwork, options) => {
    if (kind === 'view') return await view(parseViewCapability(token), places, options)
    return await visitWithToken(parseToken(token), places, options.signal)
  }
}

function toSummary(network: Pick<Network, 'peers'>, secret: Uint8Array): PublicSummary {
  const peers = network.peers().map(({ record, load, state }) => ({ record, load, state }))
  const summary = makeSummary(peers, { name: '', secret, nowUnixMs: Date.now() })
  const places = peers
    .flatMap(({ record }) => record.addresses.slice(0, 2))
    .filter((address) => address.length <= SUMMARY_BOUNDS.addressLength && !address.includes('/p2p-circuit'))
  return { ...summary, places: places.slice(0, SUMMARY_BOUNDS.places) }
}

/** A member is there, and no more have come for a while. */
async function settled(network: Pick<Network, 'peers' | 'onChange'>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let calm: NodeJS.Timeout | undefined
  let longest: NodeJS.Timeout | undefined
  function onChange(): void {
    if (!network.peers().some(({ state }) => state === 'linked')) return
    clearTimeout(calm)
    calm = setTimeout(resolve, CALM_MS)
    longest ??= setTimeout(resolve, SETTLED_MS)
  }
  const end = network.onChange(onChange)
  try {
    onChange()
    await raceSignal(promise, signal)
  } finally {
    end()
    clearTimeout(calm)
    clearTimeout(longest)
  }
}
