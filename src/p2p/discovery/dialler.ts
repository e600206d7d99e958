import type { Connection, PeerId } from '@libp2p/interface'
import type { Startable } from '../../base/lifecycle.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Host } from '../host.ts'
import type { Candidate } from './candidate.ts'
import { connectPeer } from './connect-peer.ts'
import { createDialBook } from './dial-book.ts'

export interface DiallerDeps {
  readonly log: Pick<Logger, 'debug'>
  readonly host: Host
  /** Whoever is not wanted any more is not dialled any more. Default: everybody is. */
  readonly isWanted?: (peerId: string) => boolean
  readonly random?: () => number
  /** Monotonic, in milliseconds. */
  readonly now?: () => number
}

export interface DiallerInit {
  readonly concurrency?: number
  readonly staggerMs?: number
  /** For one peer, all addresses and relays together. */
  readonly timeoutMs?: number
}

/** Dials whoever might be a member: direct addresses first, then through members that relay. */
export interface Dialler extends Startable {
  /**
   * Takes a hint: dialled soon, then again with growing pauses until it is connected, and at once when a connection is
   * lost. Costs nothing for a peer that is connected; forgotten ten minutes after the last hint.
   */
  offer(candidate: Candidate): void
  /** Dials now, once; gives the peer id of whoever answered. Rejects with the library's error or an `AggregateError`. */
  dial(candidate: Candidate, options?: AbortOptions): Promise<string>
}

/** Of two nodes that hear of each other at the same moment one dials, and the other only when that one cannot. */
const YIELD_MS = 1000
export function createDialler(deps: DiallerDeps, init: DiallerInit = {}): Dialler {
  const { log, host, isWanted = () => true, random = Math.random, now = () => performance.now() } = deps
  const { concurrency = 8, staggerMs = 1000, timeoutMs = 12_000 } = init
  const book = createDialBook()
  let stopping = new AbortController()
  let started = false
  let dialling = 0
  let timer: NodeJS.Timeout | undefined

  async function reach(candidate: Candidate, options: AbortOptions = {}): Promise<Connection> {
    const own = AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)])
    const connection = await connectPeer({ host, staggerMs }, candidate, anySignal(own, options.signal))
    host.findings.settle(connection.remoteAddr.toString().replace(/\/p2p\/[^/]+$/, ''))
    return connection
  }

  async function dialNext(candidate: Candidate & { readonly key: string }): Promise<void> {
    dialling += 1
    try {
      const { direct, remotePeer } = await reach(candidate)
      log.debug({ peer: remotePeer.toString(), direct }, 'connected')
      if (direct) book.connected(candidate.key)
      // A relay is a makeshift: now and then it looks whether there is a direct way.
      else book.failed(candidate.key, now(), random())
    } catch (error) {
      book.failed(candidate.key, now(), random())
      log.debug({ err: error, peer: candidate.key }, 'could not connect')
    } finally {
      dialling -= 1
      pump()
    }
  }

  function pump(): void {
    if (!started) return
    clearTimeout(timer)
    while (dialling < concurrency) {
      const candidate = book.take(now())
      if (candidate === undefined) break
      if (candidate.peerId === undefined || isWanted(candidate.peerId)) void dialNext(candidate)
      else book.forget(candidate.key)
    }
    const due = book.nextDueAt()
    if (due !== undefined && dialling < concurrency) timer = setTimeout(pump, Math.max(10, due - now()))
  }

  function onDisconnect({ detail: peer }: CustomEvent<PeerId>): void {
    book.lost(peer.toString(), now(), random())
    pump()
  }

  return {
    dial: async (candidate, options) => (await reach(candidate, options)).remotePeer.toString(),
    offer(candidate) {
      const { peerId } = candidate
      if (peerId !== undefined && (peerId === host.peerId || !isWanted(peerId))) return
      const yields = peerId !== undefined && host.peerId < peerId
      book.offer(candidate, now(), yields ? YIELD_MS : 0)
      pump()
    },
    async start() {
      stopping = new AbortController()
      started = true
      host.libp2p.addEventListener('peer:disconnect', onDisconnect)
      pump()
    },
    async stop() {
      if (!started) return
      started = false
      clearTimeout(timer)
      host.libp2p.removeEventListener('peer:disconnect', onDisconnect)
      stopping.abort(new Error('the dialler is stopping'))
    },
  }
}
