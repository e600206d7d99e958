import { isDeepStrictEqual } from 'node:util'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { OnCandidate } from '../discovery/candidate.ts'
import type { Findings } from '../findings.ts'
import type { Network } from '../network.ts'
import type { RosterKeeper } from '../roster/create-roster-keeper.ts'
import { createDigest } from './digest.ts'
import type { Link } from './link.ts'
import { createLinkListener } from './link-listener.ts'
import type { LinkHost } from './link-opener.ts'
import { createLinks } from './links.ts'
import { createMembers } from './members.ts'
import type { NodeLoad } from './node-record.ts'
import { createOwnRecord } from './own-record.ts'
import { createRecordStore, RECORD_STORE_DEFAULTS } from './record-store.ts'
import { createRosterTalk } from './roster-talk.ts'

export interface MembershipDeps {
  /** Running, from the start of this part until after its stop. */
  readonly libp2p: () => LinkHost
  readonly privateKey: PrivateKey
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  readonly findings: Pick<Findings, 'add'>
  readonly addresses: () => readonly string[]
  /** Somebody who should be dialled: heard of, or lost. */
  readonly onCandidate: OnCandidate
  readonly onGone?: (peerId: string) => void
  readonly roster: Pick<RosterKeeper, 'current' | 'take' | 'keep' | 'exclusionOf' | 'onChange'>
  /** Unix milliseconds. */
  readonly now?: () => number
  /** [0, 1). */
  readonly random?: () => number
}

export interface MembershipTimings {
  readonly heartbeatMs: number
  readonly tickMs: number
  readonly silentAfterMs: number
  readonly goneAfterMs: number
  readonly antiEntropyMs: number
  readonly hintAgainMs: number
  readonly gatherMs: number
  readonly restMs: number
  readonly greetingMs: number
  readonly stallMs: number
  readonly goodbyeMs: number
}

/**
 * A peer is silent after three missed heartbeats and a bit, with the tick at most 2.3 s after its last byte, and gone
 * 7.2 s later at most.
 */
export const MEMBERSHIP_TIMINGS: MembershipTimings = {
  heartbeatMs: 500,
  tickMs: 200,
  silentAfterMs: 2000,
  goneAfterMs: 7000,
  antiEntropyMs: 5000,
  hintAgainMs: 2000,
  gatherMs: 50,
  restMs: 250,
  greetingMs: 5000,
  stallMs: 5000,
  goodbyeMs: 1000,
}

export interface MembershipInit {
  readonly name: string
  readonly version: string
  /** How far the clocks of two admitted nodes can differ. */
  readonly maxClockDifferenceMs: number
  readonly maxLinks?: number
  readonly timings?: Partial<MembershipTimings>
}

/** Who is in the network, by this node's own links. See docs/decisions/0005. */
export interface Membership extends Startable, Pick<Network, 'advertise' | 'reportLoad' | 'peers' | 'onChange'> {
  /**
   * Bytes came from the peer, on any of its streams. The link shares a connection with whole answers, and its heartbeats
   * queue behind them: on a slow path these are all that comes for a while.
   */
  heard(peerId: string): void
}

const MAX_LINKS = 256
const IDLE: NodeLoad = { running: 0, queued: 0, memoryFreeBytes: 0 }

export function createMembership(deps: MembershipDeps, init: MembershipInit): Membership {
  const { log, privateKey, libp2p, onCandidate, findings, roster, now = Date.now, random = Math.random } = deps
  const timings = { ...MEMBERSHIP_TIMINGS, ...init.timings }
  const self = peerIdFromPrivateKey(privateKey).toString()
  let load = IDLE
  let begun = false
  let ends: readonly (() => void)[] = []

  const store = createRecordStore({ ...RECORD_STORE_DEFAULTS, maxAheadMs: init.maxClockDifferenceMs })
  const members = createMembers({ log, store, linkOf: (peerId) => links.of(peerId), onSilent, onGone }, timings)
  const own = createOwnRecord(
    { log, privateKey, now, addresses: deps.addresses, onPublished: () => links.toAll(tellOwn) },
    { name: init.name, version: init.version, gatherMs: timings.gatherMs, restMs: timings.restMs },
  )
  const links = createLinks(
    {
      ...{ libp2p, self, log, findings },
      onBytes: ({ peerId }) => members.heard(peerId),
      onMessage: (link, message) => listen(link, message),
      greet(link) {
        tellOwn(link)
        rosterTalk.greet(link)
      },
      // Who is leaving closes its links itself: nobody is lost by that.
      onLost: (peerId) => void (begun && members.closed(peerId)),
      isSilent: (peerId) => !members.isLinked(peerId),
    },
    { ...timings, software: init.version, maxLinks: init.maxLinks ?? MAX_LINKS },
  )
  const rosterTalk = createRosterTalk({ libp2p, roster, links, members, store })
  const digest = createDigest({ store, own, members })
  const listen = createLinkListener({
    ...{ log, self, store, own, members, links, digest, rosterTalk, onCandidate, findings },
    isWanted: (peerId) => roster.exclusionOf(peerId) === undefined,
    load: () => load,
    now,
  })

  function tellOwn(link: Link): void {
    const record = own.current()
    if (record !== undefined) link.tell(record.bytes)
  }
  function onSilent(peerId: string): void {
    links.reopen(peerId)
    const addresses = store.addressesOf(peerId)
    if (addresses !== undefined) onCandidate({ peerId, addresses })
  }
  function onGone(peerId: string): void {
    store.unlink(peerId, performance.now())
    // Without a goodbye: what still looks like a connection would keep a new one from being dialled.
    if (store.addressesOf(peerId) !== undefined) abortConnections(libp2p(), peerId)
    deps.onGone?.(peerId)
  }
  function compareNotes(): void {
    store.expire(performance.now())
    void roster.keep()
    const all = links.established()
    all[Math.floor(random() * all.length)]?.digest(digest.known, true)
  }
  function passHintsOn(): void {
    for (const { peerId, addresses, source } of store.hints(performance.now() - timings.hintAgainMs)) {
      onCandidate({ peerId, addresses, source })
    }
  }
  function sendHeartbeats(): void {
    const all = links.established()
    for (const link of all) link.beat(() => load)
    if (all.length === 0) own.followClock(init.maxClockDifferenceMs)
    links.reopenMute()
  }
  async function leave(): Promise<void> {
    const { bytes } = await own.leave()
    await links.goodbye(bytes, { signal: AbortSignal.timeout(timings.goodbyeMs) })
  }

  return {
    peers: members.peers,
    onChange: members.onChange,
    advertise: own.advertise,
    heard: members.heard,
    reportLoad(next) {
      if (!isDeepStrictEqual(load, next)) load = next
    },
    async start() {
      libp2p().addEventListener('self:peer:update', own.look)
      begun = true
      ends = [rosterTalk.follow()]
      await own.start()
      await links.start()
      ends = [...ends, every(timings.heartbeatMs, sendHeartbeats), every(timings.tickMs, members.tick)]
      ends = [...ends, every(timings.antiEntropyMs, compareNotes), every(timings.hintAgainMs, passHintsOn)]
    },
    async stop() {
      if (!begun) return
      begun = false
      for (const end of ends) end()
      ends = []
      await leave()
      libp2p().removeEventListener('self:peer:update', own.look)
      await links.stop()
    },
  }
}

/** Gives the function that ends it. */
function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms).unref()
  return () => clearInterval(timer)
}

function abortConnections(libp2p: LinkHost, peerId: string): void {
  const error = new AppError('peer.unreachable', 'nothing was heard of it for too long')
  for (const connection of libp2p.getConnections()) {
    if (connection.remotePeer.toString() === peerId) connection.abort(error)
  }
}
