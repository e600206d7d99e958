import type { Connection, Stream } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Findings } from '../findings.ts'
import { createCloseLog } from './close-log.ts'
import { createGreetings } from './greetings.ts'
import { createLink, type Link, type LinkEvents, type LinkInit } from './link.ts'
import { createLinkOpener, LINK_PROTOCOL, type LinkHost } from './link-opener.ts'

export interface LinksDeps {
  /** Running, from `start` until after `stop`. */
  readonly libp2p: () => LinkHost
  /** This node's peer id. */
  readonly self: string
  readonly log: Pick<Logger, 'debug' | 'warn'>
  readonly onBytes: LinkEvents['onBytes']
  readonly onMessage: LinkEvents['onMessage']
  /** Says what is said first on each link: who this node is. */
  readonly greet: (link: Link) => void
  /** The link of a peer is gone, and no other has taken its place. */
  readonly onLost: (peerId: string) => void
  readonly findings: Pick<Findings, 'add'>
  /** The link is open, but nothing comes on it: another connection may be better. */
  readonly isSilent: (peerId: string) => boolean
}

export interface LinksInit extends LinkInit {
  readonly maxLinks: number
  /** From the opening until the peer has said who it is. */
  readonly greetingMs: number
  /** A link on which nothing came for so long gives way to another connection, though the peer is heard elsewhere. */
  readonly silentAfterMs: number
}

/** The links of this node: one a peer, as far as the outside sees. */
export interface Links extends Startable {
  /** Those on which the peer has said who it is. */
  established(): readonly Link[]
  /** Says it on every link; also where the peer has still to say who it is. */
  toAll(say: (link: Link) => void): void
  /** The last words, to everyone. Never rejects; bounded by the signal. */
  goodbye(bytes: Uint8Array, options: AbortOptions): Promise<void>
  of(peerId: string): Link | undefined
  /**
   * The peer has said who it is. Takes the place of an earlier link to it. False: it has closed
   * meanwhile, or is dropped because there are too many.
   */
  establish(link: Link): boolean
  /** The peer is not heard any more: tries another connection to it, if there is one. */
  reopen(peerId: string): void
  /** The same for each link on which nothing comes. */
  reopenMute(): void
}

/** One in use, one that takes over, and some that are being closed. */
const MAX_STREAMS_PER_CONNECTION = 8
/** Of one peer, over all its connections, before it has said who it is. */
const MAX_GREETING_PER_PEER = 4
/** A link that lived for so long was no failure. */
const WORKED_MS = 5000

export function createLinks(deps: LinksDeps, init: LinksInit): Links {
  const { libp2p, self, log } = deps
  const established = new Map<string, Link>()
  const since = new WeakMap<Link, number>()
  const { isMute, noteBytes } = createEar(init.silentAfterMs)
  /** Peers that have ended their link here and are about to say who they are on another. */
  const movingOn = new Set<string>()
  const closings = createCloseLog(log)
  const greeting = createGreetings(init.greetingMs)
  let running = false

  const onUnsupported = tellVersionDiffers(deps.findings)
  const opener = createLinkOpener({ libp2p, self, log, wants, onOpened, onUnsupported })

  function all(): readonly Link[] {
    return [...established.values(), ...greeting.links()]
  }
  function hasRoom(peerId: string): boolean {
    if (established.size + greeting.size >= init.maxLinks + MAX_STREAMS_PER_CONNECTION) return false
    return greeting.countOf(peerId) < MAX_GREETING_PER_PEER
  }
  function wants(connection: Connection): boolean {
    const peerId = connection.remotePeer.toString()
    if (greeting.isOn(connection)) return false
    const current = established.get(peerId)
    if (current === undefined) return true
    if (current.connection === connection) return false
    return deps.isSilent(peerId) || isMute(current) || (!current.connection.direct && connection.direct)
  }
  function onOpened(stream: Stream, connection: Connection): void {
    const link = createLink({ stream, connection }, { onBytes, onMessage: deps.onMessage, onClosed }, init)
    if (!running || !hasRoom(link.peerId)) {
      link.drop(new AppError('node.overloaded', 'this node has no place for another link'))
      return
    }
    greeting.begin(link)
    deps.greet(link)
  }
  function onBytes(link: Link): void {
    noteBytes(link)
    if (established.get(link.peerId) === link) deps.onBytes(link)
  }
  function onClosed(link: Link, error: Error | undefined): void {
    greeting.end(link)
    const { peerId } = link
    // A fault of the peer's, which we have found; what the network does to streams is everyday life.
    if (error instanceof AppError && running) closings.note(peerId, error.message)
    if (established.get(peerId) === link) {
      established.delete(peerId)
      movingOn.add(peerId)
    }
    // Both ends replace a link by a better one, each as soon as it has read the other's words on that.
    const moves = error === undefined && greeting.countOf(peerId) > 0
    if (!moves && movingOn.delete(peerId)) deps.onLost(peerId)
    if (performance.now() - (since.get(link) ?? Infinity) > WORKED_MS) opener.worked(link.connection)
    opener.again(peerId)
  }
  return {
    async start() {
      running = true
      await libp2p().handle(LINK_PROTOCOL, onOpened, {
        maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
        maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
        runOnLimitedConnection: true,
      })
      await opener.start()
    },
    async stop() {
      running = false
      await opener.stop()
      await libp2p().unhandle(LINK_PROTOCOL)
      for (const link of all()) {
        link.drop(new AppError('node.stopping', 'this node is stopping'))
      }
    },
    established: () => [...established.values()],
    toAll: (say) => all().forEach(say),
    goodbye: async (bytes, options) =>
      void (await Promise.allSettled(all().map((link) => link.goodbye(bytes, options)))),
    of: (peerId) => established.get(peerId),
    establish(link) {
      const { peerId } = link
      if (!link.isOpen) return false
      const before = established.get(peerId)
      if (before === undefined && established.size >= init.maxLinks) {
        link.drop(new AppError('node.overloaded', `this node has its ${init.maxLinks} links`))
        return false
      }
      greeting.end(link)
      since.set(link, performance.now())
      established.set(peerId, link)
      movingOn.delete(peerId)
      if (before !== link) before?.end()
      return true
    },
    reopen: (peerId) => opener.again(peerId),
    reopenMute() {
      for (const [peerId, link] of established) if (isMute(link)) opener.again(peerId)
    },
  }
}

function tellVersionDiffers(findings: LinksDeps['findings']) {
  return ({ remoteAddr }: Connection): void => {
    const message = `the member at ${remoteAddr} runs a version without links: install the same version on both`
    findings.add({ problem: 'version-differs', message, address: remoteAddr.toString() })
  }
}

/** On which links something comes. */
function createEar(silentAfterMs: number) {
  const bytesAt = new WeakMap<Link, number>()
  return {
    noteBytes: (link: Link) => void bytesAt.set(link, performance.now()),
    isMute: (link: Link) => performance.now() - (bytesAt.get(link) ?? Infinity) > silentAfterMs,
  }
}
