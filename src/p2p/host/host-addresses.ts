import { isIPv6 } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { AppError } from '../../base/errors.ts'

export interface ListenInit {
  /** Multiaddresses; empty: every interface, IPv4 and, where the machine has it, IPv6. */
  readonly listen: readonly string[]
  /** For every interface; 0: a free one. */
  readonly port: number
}

export function listenAddresses({ listen, port }: ListenInit): string[] {
  if (listen.length === 0) return [`/ip4/0.0.0.0/tcp/${port}`, `/ip6/::/tcp/${port}`]
  return listen.map((text) => checkedAddress(text, '--p2p-listen'))
}

/** Throws `config.invalid` naming the flag. */
export function checkedAddress(text: string, flag: string): string {
  try {
    const address = multiaddr(text.trim())
    if (!/\/tcp\/\d+/.test(address.toString())) throw new Error('only TCP is spoken here')
    return address.toString()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new AppError('config.invalid', `${flag}: "${text}" is no address like /ip4/192.0.2.1/tcp/4001 (${reason})`, {
      cause: error,
    })
  }
}

const MAX_DIRECT = 8
const MAX_RELAYED = 2

/**
 * What a node tells of the addresses that it listens on. Loopback is for nobody else, unless there is nothing else;
 * link-local IPv6 needs the name of the asker's interface. Of a relay only the peer id: each of its own addresses would
 * make one more entry, and whoever asks knows where the member is.
 */
export function announcedAddresses(all: readonly string[]): string[] {
  const direct = all.filter((address) => !address.includes('/p2p-circuit') && !isUseless(address))
  const elsewhere = direct.filter((address) => !isLoopback(address))
  const relayed = all.flatMap((address) => /\/p2p\/[^/]+\/p2p-circuit\/p2p\/[^/]+$/.exec(address)?.[0] ?? [])
  return [
    ...(elsewhere.length > 0 ? elsewhere : direct).slice(0, MAX_DIRECT),
    ...[...new Set(relayed)].slice(0, MAX_RELAYED),
  ]
}

export function isLoopback(address: string): boolean {
  return /^\/ip4\/127\.|^\/ip6\/::1\/|^\/dns[46]?\/localhost\//.test(address)
}

/** Unspecified, link-local, or without a port. */
export function isUseless(address: string): boolean {
  return /^\/ip4\/(0\.0\.0\.0|169\.254\.)|^\/ip6\/(::\/|fe[89ab])|\/tcp\/0(\/|$)/i.test(address)
}

/** The host in an address: an IP address or a name. */
export function hostOf(address: string): string {
  return /\/(?:ip4|ip6|dns[46]?)\/([^/]+)/.exec(address)?.[1] ?? ''
}

/** What one machine has for itself: an IPv4 address, or the first 64 bits of an IPv6 address (RFC 4291 section 2.5.4). */
export function netOf(host: string): string {
  if (!isIPv6(host)) return host
  const [head = '', tail] = host.toLowerCase().split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0')
  const words = tail === undefined ? first : [...first, ...zeros, ...last]
  return words
    .slice(0, 4)
    .map((word) => word.replace(/^0+(?=.)/, ''))
    .join(':')
}

/** How far the network goes that an address belongs to: this machine, the networks of its site, everywhere. */
export type Scope = 'machine' | 'site' | 'world'

/** Private, shared (carrier NAT), link-local and unique local addresses are of the site (RFC 6890, RFC 6598, RFC 4193). */
export function scopeOf(address: string): Scope {
  if (/^\/ip4\/127\.|^\/ip6\/::1(\/|$)|^\/dns[46]?\/localhost(\/|$)/.test(address)) return 'machine'
  const isSite =
    /^\/ip4\/(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
      address,
    ) ||
    /^\/ip6zone\/|^\/ip6\/(f[cd]|fe[89ab])/i.test(address) ||
    /^\/dns[46]?\/([^./]+|[^/]+\.local)(\/|$)/i.test(address)
  return isSite ? 'site' : 'world'
}
