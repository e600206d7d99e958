import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** A proxy on this machine makes everyone a local client; those that say so are believed. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** What a request tells of who sent it. */
export interface Sender {
  readonly remoteAddress: string | undefined
  readonly headers: FastifyRequest['headers']
}

/**
 * For what only the owner of the node may see. With API keys, whoever came this far has shown one. Without, only a
 * program on this machine is let in: by its address; by the host it asked for, because a web page whose own name was made
 * to point at this machine (DNS rebinding) asks for that name; and not for another site's page, by its origin.
 */
export function ownerOnly(request: FastifyRequest, { hasKeys }: { readonly hasKeys: boolean }): void {
  if (hasKeys || isOnThisMachine({ remoteAddress: request.socket.remoteAddress, headers: request.headers })) return
  throw new AppError(
    'request.forbidden',
    'without API keys this is for programs on the same machine only: ask http://127.0.0.1, or start the node with --api-keys and send a key',
  )
}

export function isOnThisMachine({ remoteAddress, headers }: Sender): boolean {
  const { host, origin } = headers
  if (PROXY_HEADERS.some((name) => headers[name] !== undefined)) return false
  if (remoteAddress === undefined || !isLoopbackAddress(remoteAddress)) return false
  if (host === undefined || !isLoopbackHost(host)) return false
  return origin === undefined || origin === `http://${host}`
}

/** `localhost`, `127.0.0.1:8080`, `[::1]:8080`. */
function isLoopbackHost(host: string): boolean {
  const name = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:[\]]*))(?::\d{1,5})?$/.exec(host.toLowerCase())?.groups
  const address = name?.['v6'] ?? name?.['name'] ?? ''
  return address === 'localhost' || isLoopbackAddress(address)
}

/** An IPv4 client of a socket for both families has `::ffff:` before its address; the list knows that. */
function isLoopbackAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
