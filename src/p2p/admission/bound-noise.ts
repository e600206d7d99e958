import type { MessageStream, SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'
import { type ICryptoInterface, type NoiseComponents, noise } from '@libp2p/noise'
import { asCrypto, defaultCrypto, nodeCrypto } from '@libp2p/noise/crypto'
import { speedUpDecoding } from './noise-messages.ts'

/**
 * From here on OpenSSL, whose every call begins with 0.04 ms of setting up in a busy process and 0.25 ms in one whose caches
 * are cold, is the faster one; below it is WebAssembly (15 µs a KiB). The library says 1200.
 */
const LARGE_BYTES = 6000

const CIPHER: Pick<ICryptoInterface, 'chaCha20Poly1305Encrypt' | 'chaCha20Poly1305Decrypt'> = {
  chaCha20Poly1305Encrypt: (plaintext, ...rest) =>
    (plaintext.byteLength < LARGE_BYTES ? asCrypto : nodeCrypto).chaCha20Poly1305Encrypt(plaintext, ...rest),
  chaCha20Poly1305Decrypt: (ciphertext, ...rest) =>
    (ciphertext.byteLength < LARGE_BYTES ? asCrypto : nodeCrypto).chaCha20Poly1305Decrypt(ciphertext, ...rest),
}

export type Role = 'initiator' | 'responder'

export interface BoundConnection {
  readonly secured: SecuredConnection
  /** The same 32 bytes at both ends of this session and of no other. */
  readonly handshakeHash: Uint8Array
}

export interface BoundNoise {
  /** libp2p's Noise XX handshake, with early muxer negotiation. Rejects as that does. */
  secure(role: Role, connection: MessageStream, options: SecureConnectionOptions): Promise<BoundConnection>
}

/**
 * Noise that also tells its handshake hash. The library exposes no channel binding; but every handshake hashes its
 * transcript as it goes and nothing after it, so the last SHA-256 that it asked its crypto for is that hash.
 */
export function createBoundNoise(components: NoiseComponents): BoundNoise {
  const staticKey = defaultCrypto.generateX25519KeyPair()
  return {
    async secure(role, connection, options) {
      let last: Uint8Array | undefined
      const crypto: ICryptoInterface = {
        ...defaultCrypto,
        ...CIPHER,
        generateX25519KeyPairFromSeed: () => staticKey,
        hashSHA256(data) {
          last = defaultCrypto.hashSHA256(data)
          return last
        },
      }
      const encrypter = noise({ crypto, staticNoiseKey: staticKey.privateKey })(components)
      const secured = await (role === 'initiator'
        ? encrypter.secureOutbound(connection, options)
        : encrypter.secureInbound(connection, options))
      speedUpDecoding(secured.connection)
      if (last?.length !== 32) throw new Error('Noise finished without hashing its transcript')
      return { secured, handshakeHash: Uint8Array.from(last) }
    },
  }
}
