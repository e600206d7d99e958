import type { Connection, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Startable } from '../../base/lifecycle.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Host } from '../host.ts'
import type { Candidate } from './candidate.ts'
import { createDialBook } from './dial-book.ts'
import { raceDial } from './race-dial.ts'
import { usableAddresses } from './usable-addresses.ts'

export interface DiallerDeps {
  readonly log: Pick<Logger, 'debug'>
  readonly host: Host
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
const YIELD_MS = 200
const RELAYS_TO_TRY = 3

export function createDialler(deps: DiallerDeps, init: DiallerInit = {}): Dialler {
  const { log, host, random = Math.random, now = () => performance.now() } = deps
  const { concurrency = 8, staggerMs = 250, timeoutMs = 12_000 } = init
  const book = createDialBook()
  let stopping = new AbortController()
  let started = false
  let dialling = 0
  let timer: NodeJS.Timeout | undefined

  function connectionTo(peerId: string | undefined): Connection | undefined {
    if (peerId === undefined) return undefined
    return host.libp2p.getConnections().find((one) => one.remotePeer.toString() === peerId && one.status === 'open')
  }

  function race(addresses: readonly string[], signal: AbortSignal, told: ReadonlySet<string>): Promise<Connection> {
    return raceDial(addresses, (address, options) => host.libp2p.dial(multiaddr(address), options), {
      staggerMs,
      signal,
      onFailure: (address, error) => {
        if (told.has(address) && !signal.aborted) host.findings.report(error, address)
      },
      discard: (late) => void late.close().catch(() => {}),
    })
  }

  async function connect(candidate: Candidate, signal: AbortSignal): Promise<Connection> {
    const open = connectionTo(candidate.peerId)
    if (open !== undefined) return open
    const usable = usableAddresses(candidate, { peerId: host.peerId, addresses: host.addresses() })
    const { peerId } = candidate
    const throughMembers = peerId === undefined ? [] : host.relays().filter((relay) => relay !== peerId)
    const relayed = [
      ...usable.relayed,
      ...throughMembers.slice(0, RELAYS_TO_TRY).map((relay) => `/p2p/${relay}/p2p-circuit/p2p/${peerId}`),
    ]
    try {
      return await race(usable.direct, signal, new Set(usable.direct))
    } catch (error) {
      // What was guessed need not work, and says nothing when it does not.
      if (signal.aborted || relayed.length === 0) throw error
      return await race([...new Set(relayed)], signal, new Set(usable.relayed))
    }
  }

  async function dial(candidate: Candidate, options: AbortOptions = {}): Promise<string> {
    const own = AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)])
    const connection = await connect(candidate, anySignal(own, options.signal))
    host.findings.settle(connection.remoteAddr.toString().replace(/\/p2p\/[^/]+$/, ''))
    return connection.remotePeer.toString()
  }

  async function dialNext(candidate: Candidate & { readonly key: string }): Promise<void> {
    dialling += 1
    try {
      const peerId = await dial(candidate)
      book.connected(candidate.key)
      log.debug({ peer: peerId }, 'connected')
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
      void dialNext(candidate)
    }
    const due = book.nextDueAt()
    if (due !== undefined && dialling < concurrency) timer = setTimeout(pump, Math.max(10, due - now()))
  }

  function onDisconnect({ detail: peer }: CustomEvent<PeerId>): void {
    book.lost(peer.toString(), now())
    pump()
  }

  return {
    dial,
    offer(candidate) {
      if (candidate.peerId === host.peerId) return
      const yields = candidate.peerId !== undefined && host.peerId < candidate.peerId
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
