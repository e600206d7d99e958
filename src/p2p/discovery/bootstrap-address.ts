import { isIPv4, isIPv6 } from 'node:net'
import { AppError } from '../../base/errors.ts'
import { checkedAddress } from '../host/host-addresses.ts'

/**
 * `host:port`, `[ipv6]:port` or a multiaddress, with or without `/p2p/<peerId>`, as a multiaddress.
 * Throws `config.invalid`.
 */
export function bootstrapAddress(text: string, flag = '--p2p-bootstrap'): string {
  const given = text.trim()
  if (given.startsWith('/')) return checkedAddress(given, flag)
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:/\s[\]]+)):(\d{1,5})$/.exec(given) ?? []
  const port = Number(digits)
  const host = bracketed ?? plain
  if (host === undefined || port < 1 || port > 65_535 || (bracketed !== undefined && !isIPv6(bracketed))) {
    throw new AppError(
      'config.invalid',
      `${flag}: "${given}" is neither host:port nor an address like /ip4/192.0.2.1/tcp/4001`,
    )
  }
  if (bracketed !== undefined) return checkedAddress(`/ip6/${bracketed}/tcp/${port}`, flag)
  return checkedAddress(`/${isIPv4(host) ? 'ip4' : 'dns'}/${host}/tcp/${port}`, flag)
}
