import type { Connection, Stream } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import { createTurns, type Turns } from './turns.ts'

/** One more try, on another connection, when the first one turns out to be dead. */
const MAX_TRIES = 2
/** Opening costs milliseconds of work on both sides: of a thousand at once each would seem to be late. */
const MAX_OPENING = 64

export interface OpenStreamInit {
  readonly protocol: string
  readonly maxOutboundStreams: number
  /** For one stream, from when its turn has come. */
  readonly timeoutMs: number
}

export interface OpenedStream {
  readonly stream: Stream
  readonly connection: Connection
}

/** Opens a stream on the best of these connections. Throws `peer.unreachable` or the signal's reason. */
export type OpenStream = (connections: readonly Connection[], options: AbortOptions) => Promise<OpenedStream>

/** Open ones, direct before relayed, newest first: an old one beside a new one is often what a lost network left. Pure. */
export function rankConnections(connections: readonly Connection[]): readonly Connection[] {
  return connections
    .filter((connection) => connection.status === 'open')
    .sort((one, other) => Number(other.direct) - Number(one.direct) || other.timeline.open - one.timeline.open)
}

/**
 * The other side may still be finishing its handshake when a connection is open here, and then takes only a few streams
 * before it drops the connection with all of them. So the first stream on a connection goes alone: when it was accepted,
 * the other side is ready, and those that wait follow.
 */
export function createOpenStream(init: OpenStreamInit): OpenStream {
  const turnsOf = new WeakMap<Connection, Turns>()
  const ready = new WeakSet<Connection>()

  function turns(connection: Connection): Turns {
    const known = turnsOf.get(connection) ?? createTurns(() => (ready.has(connection) ? MAX_OPENING : 1))
    turnsOf.set(connection, known)
    return known
  }

  async function newStream(connection: Connection, options: AbortOptions): Promise<Stream> {
    const late = AbortSignal.timeout(init.timeoutMs)
    try {
      const stream = await connection.newStream(init.protocol, {
        signal: anySignal(late, options.signal),
        maxOutboundStreams: init.maxOutboundStreams,
        runOnLimitedConnection: true,
      })
      ready.add(connection)
      return stream
    } catch (error) {
      // Those that wait would each wait as long, one after the other.
      if (late.aborted) turns(connection).refuse(error)
      throw error
    }
  }

  return async function openStream(connections, options) {
    let cause: unknown
    for (const connection of rankConnections(connections).slice(0, MAX_TRIES)) {
      try {
        const stream = await turns(connection).run(() => newStream(connection, options), options)
        // Beyond a limit of the other side a stream opens and is reset before anybody could listen for it.
        if (stream.status === 'open') return { stream, connection }
        cause = new AppError('peer.unreachable', `the stream was ${stream.status} as soon as it was open`)
      } catch (error) {
        options.signal?.throwIfAborted()
        cause = error
        if (isClosedMuxer(error)) connection.abort(error)
      }
    }
    throw new AppError('peer.unreachable', 'no stream to the peer could be opened', { cause })
  }
}

/** The connection says that it is open, yet never again takes a stream. Ending it lets a new one be dialled. */
function isClosedMuxer(error: unknown): error is Error {
  return error instanceof Error && (error.name === 'ConnectionClosedError' || error.name === 'MuxerClosedError')
}
