import type { ConnectionEncrypter, MessageStream, MultiaddrConnection, SecuredConnection } from '@libp2p/interface'

export type EncrypterFactory<Components> = (components: Components) => ConnectionEncrypter

export interface EncrypterWatch {
  /** A handshake failed. The address is the one that was dialled, or the host that dialled us. */
  onFailure(error: unknown, address: string | undefined): void
  /** A member is at the other end; the address as above. */
  onSuccess(address: string): void
  readonly bytes: ByteCount
}

export interface ByteCount {
  sent: number
  received: number
}

/**
 * Lets a connection encrypter do its work and looks on. The library keeps only the message of what a handshake throws, so
 * this is the one place where its cause can be seen; and the one place where every connection comes by, so that the bytes
 * on the wire are counted here, from the end of the handshake on.
 */
export function watchedEncrypter<Components>(
  make: EncrypterFactory<Components>,
  watch: EncrypterWatch,
): EncrypterFactory<Components> {
  return (components) => {
    const encrypter = make(components)
    async function observe(connection: MessageStream, secured: Promise<SecuredConnection>): Promise<SecuredConnection> {
      try {
        const result = await secured
        countBytes(connection, watch.bytes)
        const address = addressOf(connection)
        if (address !== undefined) watch.onSuccess(address)
        return result
      } catch (error) {
        watch.onFailure(error, addressOf(connection))
        throw error
      }
    }
    return {
      protocol: encrypter.protocol,
      secureInbound: (connection, options) => observe(connection, encrypter.secureInbound(connection, options)),
      secureOutbound: (connection, options) => observe(connection, encrypter.secureOutbound(connection, options)),
    }
  }
}

/** The bytes of a relayed connection are already counted on the connection to the relay. */
function countBytes(connection: MessageStream, bytes: ByteCount): void {
  if (isRelayed(connection)) return
  const send = connection.send.bind(connection)
  connection.send = (data) => {
    bytes.sent += data.byteLength
    return send(data)
  }
  connection.addEventListener('message', (event) => {
    bytes.received += event.data.byteLength
  })
}

function isRelayed(connection: MessageStream): boolean {
  return remoteAddress(connection)?.includes('/p2p-circuit') === true
}

/** Without the port of an inbound connection: it differs every time and says nothing. */
function addressOf(connection: MessageStream): string | undefined {
  const address = remoteAddress(connection)
  return connection.direction === 'inbound' ? address?.replace(/\/tcp\/\d+$/, '') : address
}

function remoteAddress(connection: MessageStream): string | undefined {
  return 'remoteAddr' in connection ? String((connection as MultiaddrConnection).remoteAddr) : undefined
}
