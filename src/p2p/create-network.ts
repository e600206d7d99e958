import type { PrivateKey } from '@libp2p/interface'
import { AppError } from '../base/errors.ts'
import { lifecycle, type Startable } from '../base/lifecycle.ts'
import type { Logger } from '../telemetry/logger.ts'
import { coalescing } from './admission/coalescing.ts'
import type { KeyRing } from './admission/key-ring.ts'
import { type AdmissionRefusal, otpNoise } from './admission/otp-noise.ts'
import { windowUpdateBytes } from './admission/window-update.ts'
import { createBootstrap } from './discovery/bootstrap.ts'
import type { OnCandidate } from './discovery/candidate.ts'
import { createDialler } from './discovery/dialler.ts'
import { createMdns } from './discovery/mdns.ts'
import { createRendezvous } from './discovery/rendezvous.ts'
import { createFindings } from './findings.ts'
import type { LibraryLogLevel } from './host/library-log.ts'
import type { RelayMode } from './host/relay-seats.ts'
import { createHost } from './host.ts'
import { createPeerSockets, type PeerSockets } from './links/peer-sockets.ts'
import { createMembership, type MembershipTimings } from './membership/membership.ts'
import type { AcceptSocket, Network, PeerView } from './network.ts'
import { NO_ROSTER } from './roster/create-roster-keeper.ts'
import type { Exclusion } from './roster/roster.ts'
import type { AnswerViewersInit } from './view/answer-viewers.ts'
import { createViewing } from './view/create-viewing.ts'

export interface NetworkDeps {
  readonly log: Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error'>
  /** Gets the connections of members, to be served as HTTP. */
  readonly accept: AcceptSocket
  readonly privateKey: PrivateKey
  /** Of `createKeyRing`: who may come in. */
  readonly keyRing: KeyRing
  /** Of `createRendezvousRing`: where members look for each other. */
  readonly rendezvousRing: KeyRing
  /** Who may be in the network. Default: whoever has the token. */
  readonly roster?: typeof NO_ROSTER
  /** Absent: nobody can look at the network from outside. */
  readonly view?: AnswerViewersInit | undefined
}

export interface NetworkInit {
  readonly name: string
  readonly networkId: string
  readonly version: string
  /** `HOST:PORT` or multiaddresses of members. */
  readonly bootstrap: readonly string[]
  /** Multiaddresses; empty: every interface, at `port`. */
  readonly listen: readonly string[]
  /** 0: a free one. Asked for at the start. */
  readonly port: number
  readonly announce: readonly string[]
  readonly mdns: boolean
  readonly dht: boolean
  readonly relay: RelayMode
  readonly limits: boolean
  readonly libraryLogLevel: LibraryLogLevel
  /** What the network is called in its public summary. */
  readonly publicName?: string
  /** Where this node may dial whom it hears of. Default: everywhere. */
  readonly mayDial?: (address: string) => boolean
  readonly timings?: Partial<MembershipTimings>
}

/** Sockets that wait for the first requests to each member that serves. */
const WARM_SOCKETS = 2
/** Admission accepts the step before and the one after, so two admitted clocks can be apart by two whole intervals. */
const STEPS_APART = 2

/** Assembles the network room; `start` throws what `createHost` and `createBootstrap` throw. */
export function createNetwork(deps: NetworkDeps, init: NetworkInit): Network {
  const { log, privateKey, keyRing, rendezvousRing, roster = NO_ROSTER } = deps
  const findings = createFindings({})
  function exclusionOf(peerId: string): Exclusion | undefined {
    const exclusion = roster.exclusionOf(peerId)
    if (exclusion === 'not-admitted') roster.knocked(peerId)
    return exclusion
  }
  const onRefused = createExclusionLog(log)
  const encrypter = coalescing(otpNoise({ keyRing, log, exclusionOf, onRefused }), {
    mayWait: windowUpdateBytes,
    onBytes(direction, _bytes, peerId) {
      if (direction === 'received') membership.heard(peerId)
    },
  })
  const viewing = createViewing(
    {
      log,
      view: deps.view,
      members: () => membership.peers(),
      self: () => ({ peerId: host.peerId, addresses: host.addresses() }),
    },
    init,
  )
  const host = createHost({ log, findings, privateKey, encrypter, viewEncrypter: viewing.encrypter }, init)
  const dialler = createDialler({ log, host, isWanted: (peerId) => roster.exclusionOf(peerId) === undefined })
  const { mayDial } = init
  const onCandidate: OnCandidate = (one) =>
    dialler.offer(mayDial === undefined ? one : { ...one, addresses: one.addresses.filter(mayDial) })
  const membership = createMembership(
    {
      ...{ log, findings, privateKey, onCandidate, roster },
      libp2p: () => host.libp2p,
      addresses: host.addresses,
      onGone: (peerId) => sockets?.drop(peerId),
    },
    { ...init, maxClockDifferenceMs: STEPS_APART * keyRing.intervalSeconds * 1000 },
  )

  let sockets: PeerSockets | undefined
  let endWarming = (): void => {}
  const openSockets: Startable = {
    async start() {
      const started = createPeerSockets({ libp2p: host.libp2p, log, accept: deps.accept })
      sockets = started
      await started.start()
      endWarming = membership.onChange(createWarming(started, membership.peers))
    },
    async stop() {
      endWarming()
      await sockets?.stop()
      sockets = undefined
    },
  }
  const parts = lifecycle([
    host,
    dialler,
    openSockets,
    membership,
    ...(init.mdns ? [createMdns({ log, host, keyRing: rendezvousRing, onCandidate })] : []),
    ...(init.dht ? [createRendezvous({ log, host, keyRing: rendezvousRing, onCandidate })] : []),
    createBootstrap({ log, host, dialler }, init.bootstrap),
  ])

  return {
    peerId: host.peerId,
    name: init.name,
    start: parts.start,
    stop: parts.stop,
    advertise: (offer) => membership.advertise(viewing.offered(offer)),
    reportLoad(load) {
      viewing.loaded(load)
      membership.reportLoad(load)
    },
    peers: membership.peers,
    onChange: membership.onChange,
    async openSocket(peerId, options) {
      if (sockets === undefined) throw new AppError('peer.unreachable', 'this node is not in the network now')
      return await sockets.open(peerId, options)
    },
    status: () => ({
      peerId: host.peerId,
      name: init.name,
      networkId: init.networkId,
      addresses: host.addresses(),
      linked: membership.peers().filter(({ state }) => state === 'linked').length,
      findings: findings.list(),
      bytesSent: host.bytes().sent,
      bytesReceived: host.bytes().received,
    }),
  }
}

/** Says once that the owner does not want this node, however many members refuse it for that. */
function createExclusionLog(log: Pick<Logger, 'warn'>): (refusal: Pick<AdmissionRefusal, 'error'>) => void {
  let told: unknown
  return ({ error }) => {
    const { reason } = error.details
    if ((reason !== 'removed' && reason !== 'not-admitted') || reason === told) return
    told = reason
    log.warn(error.message)
  }
}

/** Opens sockets in advance to members that serve, once for each time that they are linked. */
function createWarming(sockets: Pick<PeerSockets, 'warm'>, peers: () => readonly PeerView[]): () => void {
  let warm = new Set<string>()
  return () => {
    const serving = peers().filter(({ state, record }) => state === 'linked' && record.offer.serves)
    const now = new Set(serving.map(({ record }) => record.peerId))
    for (const peerId of now) {
      if (!warm.has(peerId)) sockets.warm(peerId, WARM_SOCKETS)
    }
    warm = now
  }
}
