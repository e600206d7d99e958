import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import { hostOf, netOf } from './host-addresses.ts'

export interface PendingGateInit {
  /** Inbound connections of one host that may be in their handshake at a time. */
  readonly perHost: number
}

export type PendingGate = Required<Pick<ConnectionGater, 'denyInboundConnection' | 'denyInboundEncryptedConnection'>>

/**
 * Bounds what one host can occupy before it has proved anything: whoever opens sockets and keeps silent on them takes the
 * places of its own host only. A place is free again when the handshake has succeeded or the connection is closed. The
 * library asks before the handshake and again right after it. Relayed connections are not counted: only members relay.
 */
export function createPendingGate({ perHost }: PendingGateInit): PendingGate {
  const pendingByNet = new Map<string, Set<MultiaddrConnection>>()

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
      connection.addEventListener('close', () => release(net, connection), { once: true })
      return false
    },
    denyInboundEncryptedConnection(_peerId, connection) {
      const net = netIn(connection)
      if (net !== undefined) release(net, connection)
      return false
    },
  }
}

function netIn({ remoteAddr }: MultiaddrConnection): string | undefined {
  const address = remoteAddr.toString()
  return address.includes('/p2p-circuit') ? undefined : netOf(hostOf(address))
}
