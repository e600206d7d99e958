import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Host } from '../host.ts'
import type { Candidate } from './candidate.ts'
import { raceDial } from './race-dial.ts'
import { usableAddresses } from './usable-addresses.ts'

/** Of the direct addresses before the relayed ones. A far node takes half a dozen round trips to be connected. */
const HEAD_START_MS = 3_000

export interface ConnectDeps {
  readonly host: Host
  readonly staggerMs: number
}

/**
 * The best connection to a candidate: one that is open and direct, else a new direct one, else one through a member. Files
 * what it finds on the way. Rejects with an `AggregateError`, or with the signal's reason.
 */
export async function connectPeer(deps: ConnectDeps, candidate: Candidate, signal: AbortSignal): Promise<Connection> {
  const { host } = deps
  const { peerId } = candidate
  const open = connectionTo(host, peerId)
  if (open?.direct === true) return open
  const { direct, relayed } = usableAddresses(candidate, { peerId: host.peerId, addresses: host.addresses() })
  if (open !== undefined) return await race(deps, direct, { peerId, signal, told: [] }).catch(() => open)
  if (relayed.length === 0) return await race(deps, direct, { peerId, signal, told: direct })

  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const first = race(deps, direct, { peerId, signal: either, told: direct })
  const second = relaysTurn(first, either).then(() => race(deps, relayed, { peerId, signal: either, told: relayed }))
  try {
    return await Promise.any([first, second])
  } finally {
    over.abort(new Error('the peer is connected, or cannot be'))
  }
}

/** When no direct address works, or none has for a while; never when one does. */
async function relaysTurn(direct: Promise<Connection>, signal: AbortSignal): Promise<void> {
  const failed = direct.then(
    () => Promise.reject(new Error('a direct address works')),
    () => {},
  )
  await Promise.race([delay(HEAD_START_MS, undefined, { signal }), failed])
}

interface Race {
  /** Who has to answer; undefined: whoever does. */
  readonly peerId: string | undefined
  readonly signal: AbortSignal
  /** The addresses whose failure is worth a finding. */
  readonly told: readonly string[]
}

function race(
  { host, staggerMs }: ConnectDeps,
  addresses: readonly string[],
  { peerId, signal, told }: Race,
): Promise<Connection> {
  async function dial(address: string, options: { readonly signal: AbortSignal }): Promise<Connection> {
    const connection = await host.libp2p.dial(multiaddr(address), options)
    const answering = connection.remotePeer.toString()
    if (peerId === undefined || answering === peerId) return connection
    dropSecond(host, connection)
    throw new Error(`another member answers at ${address}`)
  }
  return raceDial(addresses, dial, {
    staggerMs,
    signal,
    onFailure: (address, error) => {
      if (told.includes(address) && !signal.aborted) host.findings.report(error, address)
    },
    // The library gives one connection to all dials of a peer that run at a time, so the late one may be the one in use.
    // It is one too many for certain only when it is relayed and another is not.
    discard(late) {
      const best = connectionTo(host, late.remotePeer.toString())
      if (!late.direct && best?.direct === true) void late.close().catch(() => {})
    },
  })
}

/** The address is another member's now. Its first connection is welcome; more would gather with every try. */
function dropSecond({ libp2p }: Host, connection: Connection): void {
  const others = libp2p.getConnections(connection.remotePeer).filter((one) => one !== connection)
  const isSecond = others.some(
    (one) => one.direct && one.status === 'open' && one.timeline.open <= connection.timeline.open,
  )
  if (isSecond) void connection.close().catch(() => {})
}

function connectionTo({ libp2p }: Host, peerId: string | undefined): Connection | undefined {
  if (peerId === undefined) return undefined
  const open = libp2p.getConnections().filter((one) => one.status === 'open')
  const theirs = open.filter((one) => one.remotePeer.toString() === peerId)
  return theirs.find((one) => one.direct) ?? theirs[0]
}
