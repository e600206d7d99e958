import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'

export const LINK_PROTOCOL = '/local-ai/link/1'

export type LinkHost = Pick<
  Libp2p,
  'handle' | 'unhandle' | 'getConnections' | 'addEventListener' | 'removeEventListener'
>

export interface LinkOpenerDeps {
  /** Running, from `start` until after `stop`. */
  readonly libp2p: () => LinkHost
  readonly self: string
  readonly log: Pick<Logger, 'debug'>
  /** Whether a link on this connection would be better than what there is. */
  readonly wants: (connection: Connection) => boolean
  readonly onOpened: (stream: Stream, connection: Connection) => void
  /** The peer is a member, and does not know this protocol. */
  readonly onUnsupported: (connection: Connection) => void
}

/**
 * Opens the links of this node. Of two nodes the one with the lower peer id opens, so that there is one link even when
 * both dialled; as soon as there is a connection, again while it has failed, and anew when a direct one follows a relayed.
 */
export interface LinkOpener extends Startable {
  /** The peer has no link any more, or none that is heard. */
  again(peerId: string): void
  /** A link on this connection worked for a while: what failed before is forgotten. */
  worked(connection: Connection): void
}

const OPEN_TIMEOUT_MS = 5000
const BACK_OFF = { firstMs: 100, mostMs: 10_000 }
/** The other side may be up a moment before it listens for links. */
const TRIES_BEFORE_UNSUPPORTED = 3

export function createLinkOpener(deps: LinkOpenerDeps): LinkOpener {
  const { libp2p, self, log } = deps
  const tries = new WeakMap<Connection, number>()
  const opening = new Set<Connection>()
  const timers = new Set<NodeJS.Timeout>()
  let stopping = new AbortController()

  function isOurs(connection: Connection): boolean {
    return connection.status === 'open' && self < connection.remotePeer.toString() && !stopping.signal.aborted
  }
  function consider(connection: Connection): void {
    if (!isOurs(connection) || opening.has(connection) || !deps.wants(connection)) return
    opening.add(connection)
    const tried = tries.get(connection) ?? 0
    tries.set(connection, tried + 1)
    if (tried === 0) {
      void open(connection)
      return
    }
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        void open(connection)
      },
      Math.min(BACK_OFF.mostMs, BACK_OFF.firstMs * 2 ** (tried - 1)),
    ).unref()
    timers.add(timer)
  }
  async function open(connection: Connection): Promise<void> {
    try {
      if (!isOurs(connection) || !deps.wants(connection)) return
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)])
      const stream = await connection.newStream(LINK_PROTOCOL, { signal, runOnLimitedConnection: true })
      deps.onOpened(stream, connection)
    } catch (error) {
      if (stopping.signal.aborted) return
      log.debug({ err: error, peer: connection.remotePeer.toString() }, 'a link could not be opened')
      onFailure(connection, error)
      queueMicrotask(() => consider(connection))
    } finally {
      opening.delete(connection)
    }
  }
  function onFailure(connection: Connection, error: unknown): void {
    if (!(error instanceof Error)) return
    // The connection says that it is open, and never takes a stream again.
    if (error.name === 'ConnectionClosedError' || error.name === 'MuxerClosedError') connection.abort(error)
    const tried = tries.get(connection) ?? 0
    if (error.name === 'UnsupportedProtocolError' && tried === TRIES_BEFORE_UNSUPPORTED) deps.onUnsupported(connection)
  }
  function onConnection({ detail: connection }: CustomEvent<Connection>): void {
    consider(connection)
  }
  return {
    async start() {
      stopping = new AbortController()
      libp2p().addEventListener('connection:open', onConnection)
      for (const connection of libp2p().getConnections()) consider(connection)
    },
    async stop() {
      libp2p().removeEventListener('connection:open', onConnection)
      stopping.abort(new Error('the links are closing'))
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      opening.clear()
    },
    again(peerId) {
      const [best] = libp2p()
        .getConnections()
        .filter((connection) => connection.remotePeer.toString() === peerId && deps.wants(connection))
        .sort((one, other) => Number(other.direct) - Number(one.direct) || other.timeline.open - one.timeline.open)
      if (best !== undefined) consider(best)
    },
    worked: (connection) => void tries.delete(connection),
  }
}
