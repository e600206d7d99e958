import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { overBudget } from './held-bytes.ts'
import type { SocketWatch, StreamSocket } from './stream-socket.ts'

/** How often the sums are taken while some socket is blocked. */
const SWEEP_INTERVAL_MS = 50

export interface SocketLedgerInit {
  readonly maxHeldBytesPerPeer: number
  readonly maxHeldBytes: number
}

/** All open sockets, by peer, and the bound on what they hold in memory. */
export interface SocketLedger {
  /** To be given to every socket that is added. */
  readonly watch: SocketWatch
  add(socket: StreamSocket, direction: 'inbound' | 'outbound'): void
  inbound(peerId: string): number
  /** Sockets of that peer, or of all. */
  sockets(peerId?: string): readonly StreamSocket[]
}

interface PeerEntry {
  /** In the order of opening. */
  readonly sockets: Set<StreamSocket>
  inbound: number
}

/**
 * The bound is checked when enough bytes have come that it could be broken, and, as blocked sockets fill without telling,
 * every few milliseconds while there is one. Between two checks it may be passed by what arrives in that time.
 */
export function createSocketLedger(deps: { readonly log: Pick<Logger, 'warn'> }, init: SocketLedgerInit): SocketLedger {
  const peers = new Map<string, PeerEntry>()
  const sweepEveryBytes = Math.min(init.maxHeldBytesPerPeer, init.maxHeldBytes) / 8
  let receivedBytes = 0
  let timer: NodeJS.Timeout | undefined

  function sockets(peerId?: string): StreamSocket[] {
    const entries = peerId === undefined ? [...peers.values()] : [peers.get(peerId)]
    return entries.flatMap((entry) => [...(entry?.sockets ?? [])])
  }

  function reset(victims: readonly StreamSocket[], scope: string): void {
    if (victims.length === 0) return
    const peer = victims[0]?.remoteAddress
    deps.log.warn({ peer, streams: victims.length, scope }, 'streams were reset: they held too many unread bytes')
    for (const victim of victims) victim.destroy(new AppError('node.overloaded', 'too many bytes wait on this stream'))
  }

  function sweep(): void {
    receivedBytes = 0
    for (const peerId of [...peers.keys()]) reset(overBudget(sockets(peerId), init.maxHeldBytesPerPeer), 'peer')
    const all = sockets()
    if (heldBy(all) > init.maxHeldBytes) {
      // The order of opening holds within a peer; between peers those who hold most go first.
      const mostLast = all.sort((one, other) => one.heldBytes - other.heldBytes)
      reset(overBudget(mostLast, init.maxHeldBytes), 'node')
    }
    if (sockets().some((socket) => socket.isBlocked)) return
    clearInterval(timer)
    timer = undefined
  }

  function remove(socket: StreamSocket, direction: 'inbound' | 'outbound'): void {
    const entry = peers.get(socket.remoteAddress)
    if (entry?.sockets.delete(socket) !== true) return
    if (direction === 'inbound') entry.inbound -= 1
    if (entry.sockets.size === 0) peers.delete(socket.remoteAddress)
  }

  return {
    watch: {
      received(byteLength) {
        receivedBytes += byteLength
        if (receivedBytes >= sweepEveryBytes) sweep()
      },
      blocked() {
        timer ??= setInterval(sweep, SWEEP_INTERVAL_MS).unref()
      },
    },
    add(socket, direction) {
      const entry = peers.get(socket.remoteAddress) ?? { sockets: new Set(), inbound: 0 }
      peers.set(socket.remoteAddress, entry)
      entry.sockets.add(socket)
      if (direction === 'inbound') entry.inbound += 1
      socket.once('close', () => remove(socket, direction))
    },
    inbound: (peerId) => peers.get(peerId)?.inbound ?? 0,
    sockets,
  }
}

function heldBy(sockets: readonly StreamSocket[]): number {
  return sockets.reduce((sum, { heldBytes }) => sum + heldBytes, 0)
}
