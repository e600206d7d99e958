import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { CoalescedStream } from './coalesced-stream.ts'

export type Direction = 'sent' | 'received'

export interface CoalescingInit {
  /**
   * Called for every piece of plaintext, so for what the peer itself proved to have sent. On the hot path: count and
   * return.
   */
  readonly onBytes?: (direction: Direction, bytes: number, peerId: string) => void
  /** Frames of the muxer that nobody waits for yet, see `CoalescedStreamInit`. */
  readonly mayWait?: (frame: Uint8ArrayList) => number | undefined
}

/**
 * Makes many small frames cheap over any connection encrypter; the bytes on the wire stay what they were, so only one end
 * needs it. libp2p's TCP transport calls `socket.write` once per chunk, and Noise makes one message of every muxer frame:
 * two syscalls and often two packets for each. Below the encrypter every message becomes one write; above it, what the
 * muxer sends within one microtask turn becomes one message. Measured by `bench/forward.ts`.
 */
export function coalescing<Components>(
  factory: (components: Components) => ConnectionEncrypter,
  init: CoalescingInit = {},
): (components: Components) => ConnectionEncrypter {
  return (components) => {
    const inner = factory(components)
    async function wrap(
      secure: ConnectionEncrypter['secureInbound'],
      connection: MessageStream,
      options: SecureConnectionOptions | undefined,
    ): Promise<SecuredConnection> {
      const secured = await secure(new CoalescedStream(connection), options)
      const peerId = secured.remotePeer.toString()
      const { onBytes, mayWait } = init
      return {
        ...secured,
        connection: new CoalescedStream(secured.connection, {
          gather: true,
          ...(mayWait && { mayWait }),
          ...(onBytes && { onBytes: (direction, bytes) => onBytes(direction, bytes, peerId) }),
        }),
      }
    }
    return {
      protocol: inner.protocol,
      secureOutbound: (connection, options) => wrap(inner.secureOutbound.bind(inner), connection, options),
      secureInbound: (connection, options) => wrap(inner.secureInbound.bind(inner), connection, options),
    }
  }
}
