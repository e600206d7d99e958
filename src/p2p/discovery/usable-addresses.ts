import { isIPv4 } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { isLoopback, isUseless } from '../host/host-addresses.ts'
import type { Candidate } from './candidate.ts'

export interface UsableAddresses {
  /** Without a peer id, most promising first. */
  readonly direct: readonly string[]
  /** `…/p2p/<relay>/p2p-circuit/p2p/<peerId>`. */
  readonly relayed: readonly string[]
}

export interface OwnPlace {
  readonly peerId: string
  /** Where this node says that it can be dialled. */
  readonly addresses: readonly string[]
}

const MAX_GIVEN = 32
const MAX_LENGTH = 256
const MAX_DIRECT = 8
const MAX_RELAYED = 4

/** Which of a candidate's addresses are worth a dial from here. Whatever it says, the work is bounded. */
export function usableAddresses(candidate: Candidate, own: OwnPlace): UsableAddresses {
  // Where it is reached through a relay says nothing of where it is.
  const ownDirect = own.addresses.filter((text) => !text.includes('/p2p-circuit'))
  const ownPlaces = new Set(ownDirect.map(withoutPeer))
  const ownHosts = new Set(ownDirect.map(hostOf))
  const texts = candidate.addresses.slice(0, MAX_GIVEN).flatMap((text) => normal(text) ?? [])
  const mine = texts.filter((text) => {
    const target = targetOf(text)
    return target === undefined || candidate.peerId === undefined || target === candidate.peerId
  })
  // A place without a peer id was named by a person, who may well mean this machine.
  const isNamed = candidate.peerId === undefined
  // Another machine's loopback is ours. It may be dialled when the candidate is on this machine, or nobody is elsewhere.
  const here =
    isNamed || ownDirect.every(isLoopback) || mine.some((text) => !isLoopback(text) && ownHosts.has(hostOf(text)))
  const direct = mine
    .filter((text) => !text.includes('/p2p-circuit') && !isUseless(text) && (here || !isLoopback(text)))
    .map(withoutPeer)
    .filter((text) => isNamed || !ownPlaces.has(text))
  const relayed = mine.filter((text) => isRelayedTo(text, candidate.peerId) && !text.includes(`/p2p/${own.peerId}/`))
  const ownNets = new Set([...ownHosts].flatMap((host) => net24(host) ?? []))
  return {
    direct: [...new Set(direct)].sort((a, b) => rank(a, ownNets) - rank(b, ownNets)).slice(0, MAX_DIRECT),
    relayed: [...new Set(relayed)].slice(0, MAX_RELAYED),
  }
}

function normal(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined
  try {
    const address = multiaddr(text).toString()
    return /^\/(ip4|ip6|dns[46]?)\/[^/]+\/tcp\/\d+(\/p2p\/[^/]+)?(\/p2p-circuit.*)?$|^\/p2p\/[^/]+\/p2p-circuit/.test(
      address,
    )
      ? address
      : undefined
  } catch {
    return undefined
  }
}

/** The peer that an address leads to, when it says so: of a relayed one the last, of a direct one the only. */
function targetOf(text: string): string | undefined {
  return /\/p2p\/([^/]+)$/.exec(text)?.[1]
}

function isRelayedTo(text: string, peerId: string | undefined): boolean {
  return peerId !== undefined && text.endsWith(`/p2p-circuit/p2p/${peerId}`)
}

function withoutPeer(text: string): string {
  return text.replace(/\/p2p\/[^/]+$/, '')
}

function hostOf(text: string): string {
  return text.split('/')[2] ?? ''
}

function net24(host: string): string | undefined {
  return isIPv4(host) ? host.replace(/\.\d+$/, '') : undefined
}

/** First the network that both are in, then private IPv4, other IPv4, IPv6, names. */
function rank(address: string, ownNets: ReadonlySet<string>): number {
  const host = hostOf(address)
  const net = net24(host)
  if (net !== undefined && ownNets.has(net)) return 0
  if (/^\/ip4\/(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address)) return 1
  if (net !== undefined) return 2
  return address.startsWith('/ip6/') ? 3 : 4
}
