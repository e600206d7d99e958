import type { FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { hostNameOf } from './allowed-hosts.ts'
import { isFromForeignPage } from './cross-site.ts'
import { isLoopbackAddress } from './loopback.ts'

/** A proxy on this machine makes everyone a local client; those that say so are believed. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** What a request tells of who sent it. */
export interface Sender {
  readonly remoteAddress: string | undefined
  readonly headers: FastifyRequest['headers']
}

/**
 * For what only the owner of the node may see or do, while neither keys nor accounts tell who that is: a program on this
 * machine is let in. By its address; by the host it asked for, because a web page whose own name was made to point at
 * this machine (DNS rebinding) asks for that name; and not for another site's page, by its origin. `insecure` lets in
 * everybody but such pages.
 */
export function ownerOnly(request: FastifyRequest, init: { readonly insecure: boolean }): void {
  if (isOwner(request, init)) return
  throw new AppError(
    'request.forbidden',
    'without API keys this is for programs on the same machine only: ask http://127.0.0.1, or start the node with --api-keys and send a key',
  )
}

export function isOwner(
  { headers, socket }: Pick<FastifyRequest, 'headers' | 'socket'>,
  { insecure }: { readonly insecure: boolean },
): boolean {
  if (insecure && !isFromForeignPage(headers)) return true
  return isOnThisMachine({ remoteAddress: socket.remoteAddress, headers })
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
  const name = hostNameOf(host) ?? ''
  return name === 'localhost' || isLoopbackAddress(name)
}
