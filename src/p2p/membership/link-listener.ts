import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { OnCandidate } from '../discovery/candidate.ts'
import type { Findings } from '../findings.ts'
import type { Digest } from './digest.ts'
import { createHearsay } from './hearsay.ts'
import type { Link } from './link.ts'
import { type Heartbeat, LINK_VERSION, type LinkMessage } from './link-message.ts'
import type { Links } from './links.ts'
import type { Members } from './members.ts'
import type { NodeLoad } from './node-record.ts'
import type { OwnRecord } from './own-record.ts'
import { recordId, type SignedRecord } from './record-codec.ts'
import { createRecordOpener } from './record-opener.ts'
import type { PutOutcome, RecordStore } from './record-store.ts'
import type { RosterTalk } from './roster-talk.ts'

export interface LinkListenerDeps {
  readonly log: Pick<Logger, 'debug' | 'warn'>
  /** This node's peer id. */
  readonly self: string
  readonly store: RecordStore
  readonly own: Pick<OwnRecord, 'overtake'>
  readonly members: Pick<Members, 'opened' | 'left' | 'refresh' | 'isLinked'>
  readonly links: Pick<Links, 'established' | 'establish' | 'of'>
  readonly digest: Digest
  readonly rosterTalk: Pick<RosterTalk, 'take'>
  /** Whether the owner of the network lets the node be in it. */
  readonly isWanted: (peerId: string) => boolean
  readonly load: () => NodeLoad
  readonly onCandidate: OnCandidate
  readonly findings: Pick<Findings, 'add'>
  /** Unix milliseconds. */
  readonly now: () => number
}

/** What this node does about what it is told on a link. A throw or a rejection breaks the link. */
export type LinkListener = (link: Link, message: LinkMessage) => Promise<void> | void

export function createLinkListener(deps: LinkListenerDeps): LinkListener {
  const { store, members, links, digest } = deps
  const greeted = new WeakSet<Link>()
  const answered = new WeakSet<Link>()
  const open = createRecordOpener(deps.log)
  const hearsay = createHearsay({ log: deps.log, store })

  function put(link: Link, signed: SignedRecord): PutOutcome {
    return store.put(signed, { source: link.peerId, unixMs: deps.now(), nowMs: performance.now() })
  }
  function takeHello(link: Link, version: number, software: string): void {
    if (version !== LINK_VERSION) {
      const message = `a node with version ${JSON.stringify(software)} speaks another link protocol than this one: update the older of the two`
      deps.findings.add({ problem: 'version-differs', message, address: link.connection.remoteAddr.toString() })
      throw new AppError('peer.unreachable', `it speaks version ${version} of the link protocol`)
    }
    greeted.add(link)
  }
  async function takeRecord(link: Link, bytes: Uint8Array): Promise<void> {
    const before = store.linkedOf(link.peerId)
    const id = recordId(bytes)
    if (before?.id === id) return takeOwnWords(link, before)
    if (hearsay.isKnown(id, link.peerId) || !hearsay.affords(link.peerId, bytes)) return
    const signed = await open(link, bytes)
    if (signed === undefined) return
    if (!deps.isWanted(signed.record.peerId)) return
    if (signed.record.peerId === deps.self) deps.own.overtake(signed.record)
    else if (signed.record.peerId === link.peerId) takeOwnWords(link, signed)
    else takeHearsay(link, signed, put(link, signed))
  }
  /** Only here a peer becomes a member that is there: by its own words, on its own link. */
  function takeOwnWords(link: Link, signed: SignedRecord): void {
    const outcome = put(link, signed)
    const { peerId, incarnation } = signed.record
    if (outcome === 'left') {
      takeLeave(link)
    } else if (outcome === 'older' && store.newestOf(peerId)?.incarnation !== incarnation) {
      if (giveWay(store, link)) takeOwnWords(link, signed)
    } else if (links.of(peerId) === link || establish(link, signed)) {
      members.refresh(peerId)
      if (outcome === 'added') introduce(link, signed)
    }
  }
  function establish(link: Link, signed: SignedRecord): boolean {
    if (!links.establish(link)) return false
    if (store.linkedOf(link.peerId) === undefined) store.link(signed)
    members.opened(link.peerId)
    link.beat(deps.load)
    link.digest(digest.known, false)
    return true
  }
  /** New to this node, so perhaps to all: the first member that a node meets makes it known to the others. */
  function introduce(link: Link, { record, bytes }: SignedRecord): void {
    for (const other of links.established()) {
      if (other !== link) other.hint(record.peerId, bytes)
    }
  }
  /** Never makes anybody alive: it is a place to dial, or what a member that is there will say itself in a moment. */
  function takeHearsay(link: Link, { record: { peerId }, id }: SignedRecord, outcome: PutOutcome): void {
    if (outcome !== 'ahead') hearsay.remember(id, peerId)
    if (outcome === 'left') members.left(peerId)
    if (outcome !== 'added' && outcome !== 'updated') return
    members.refresh(peerId)
    // The other one hears of this node too. One of the two dials; when it cannot, `hintAgainMs` later both do.
    if (!members.isLinked(peerId) && deps.self > peerId) {
      deps.onCandidate({ peerId, addresses: store.addressesOf(peerId) ?? [], source: link.peerId })
    }
  }
  function takeLeave(link: Link): void {
    members.left(link.peerId)
    link.end()
  }
  async function takeGoodbye(link: Link, bytes: Uint8Array): Promise<void> {
    const signed = await open(link, bytes)
    if (signed?.record.peerId !== link.peerId || !signed.record.leaving) return
    if (put(link, signed) === 'left') takeLeave(link)
  }
  function takeBeat(link: Link, { load }: Heartbeat): void {
    if (!answered.has(link)) {
      // So that the first round trip need not wait for the next heartbeat.
      answered.add(link)
      link.beat(deps.load)
    }
    if (links.of(link.peerId) === link) members.refresh(link.peerId, load)
  }
  return (link, message) => {
    if (message.type !== 'hello' && !greeted.has(link))
      throw new AppError('peer.unreachable', 'it began without a hello')
    switch (message.type) {
      case 'hello':
        return takeHello(link, message.version, message.software)
      case 'record':
        return takeRecord(link, message.bytes)
      case 'goodbye':
        return takeGoodbye(link, message.bytes)
      case 'roster':
        return deps.rosterTalk.take(link, message.bytes)
      case 'heartbeat':
        return takeBeat(link, message.beat)
      case 'digest':
        if (message.answerWanted) link.digest(digest.known, false)
        return digest.answer(link, message.ids)
    }
  }
}

/**
 * The clock of the peer went back: shown its newest words it can go beyond them. False then; true when what was newer was
 * only heard of, and is forgotten, so that its own words can be taken.
 */
function giveWay(store: RecordStore, link: Link): boolean {
  const newest = store.newestBytes(link.peerId)
  if (newest !== undefined) link.hint(link.peerId, newest)
  if (newest !== undefined || store.newestOf(link.peerId) === undefined) return false
  store.forgetHint(link.peerId)
  return true
}
