import type { ConnectionGater, MultiaddrConnection, StreamMessageEvent } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import { hostOf, netOf } from './host-addresses.ts'

export interface PendingGateInit {
  /** Inbound connections of one host that may be in their handshake at a time. */
  readonly perHost: number
}

export type PendingGate = Required<Pick<ConnectionGater, 'denyInboundConnection' | 'denyInboundEncryptedConnection'>>

/**
 * Of a connection in its handshake: choosing a protocol, Noise and the proof come to some 350. The library reads the length of
 * each line byte by byte, however long it is, and answers as many lines as come.
 */
const MAX_UNPROVED_BYTES = 2048

/**
 * Bounds what one host can occupy before it has proved anything: whoever opens sockets and keeps silent on them takes the
 * places of its own host only, and whoever talks too much is cut off. A place is free again when the handshake has succeeded
 * or the connection is closed. The library asks before the handshake and again right after it. Relayed connections are not
 * counted: only members relay.
 */
export function createPendingGate({ perHost }: PendingGateInit): PendingGate {
  const pendingByNet = new Map<string, Set<MultiaddrConnection>>()
  const unbind = new WeakMap<MultiaddrConnection, () => void>()

  function release(net: string, connection: MultiaddrConnection): void {
    const pending = pendingByNet.get(net)
    pending?.delete(connection)
    if (pending?.size === 0) pendingByNet.delete(net)
  }
  return {
    denyInboundConnection(connection) {
      const net = netIn(connection)
      if (net === undefined) return false
      const pending = pendingByNet.get(net) ?? new Set()
      if (pending.size >= perHost) return true
      pendingByNet.set(net, pending.add(connection))
      unbind.set(connection, boundBytes(connection))
      connection.addEventListener('close', () => release(net, connection), { once: true })
      return false
    },
    denyInboundEncryptedConnection(_peerId, connection) {
      const net = netIn(connection)
      if (net !== undefined) release(net, connection)
      unbind.get(connection)?.()
      return false
    },
  }
}

/** Counts where it passes what came, since a listener of its own would take what the first reader has to get. Gives the end of it. */
function boundBytes(connection: MultiaddrConnection): () => void {
  const dispatch = connection.dispatchEvent.bind(connection)
  let bytes = 0
  connection.dispatchEvent = (event) => {
    if (event.type !== 'message') return dispatch(event)
    bytes += (event as StreamMessageEvent).data.byteLength
    if (bytes <= MAX_UNPROVED_BYTES) return dispatch(event)
    connection.abort(new AppError('admission.refused', 'it said more than a handshake has to say'))
    return false
  }
  return () => {
    connection.dispatchEvent = dispatch
  }
}

function netIn({ remoteAddr }: MultiaddrConnection): string | undefined {
  const address = remoteAddr.toString()
  return address.includes('/p2p-circuit') ? undefined : netOf(hostOf(address))
}
