import type { MessageStream } from '@libp2p/interface'
import { isMultiaddr } from '@multiformats/multiaddr'

/** The other end's address, where the stream is a transport's connection (`MultiaddrConnection`) or wraps one. */
export function remoteAddress(connection: MessageStream): string | undefined {
  const address = 'remoteAddr' in connection ? connection.remoteAddr : undefined
  return isMultiaddr(address) ? address.toString() : undefined
}
