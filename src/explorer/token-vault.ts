import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { AppError } from '../base/errors.ts'

/** Seals what must not be read in a copy of the database. */
export interface TokenVault {
  /** Tells keys apart, and nothing of them. */
  readonly fingerprint: string
  seal(id: string, token: string): Uint8Array
  /** Throws `config.invalid` for what was not sealed with this key for this id. */
  open(id: string, sealed: Uint8Array): string
}

export const VAULT_KEY_BYTES = 32
const VERSION = 1
/** NIST SP 800-38D, 8.2.2: drawn at random, for far fewer than 2^32 texts. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** AES-256-GCM. The id goes under the tag: a sealed token that was moved to another network does not open. */
export function createTokenVault(key: Uint8Array): TokenVault {
  const sealKey = Buffer.from(hkdfSync('sha256', key, '', 'local-ai/1 explorer seal', 32))
  const fingerprint = Buffer.from(hkdfSync('sha256', key, '', 'local-ai/1 explorer key name', 16)).toString('hex')
  return {
    fingerprint,
    seal(id, token) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(id))
      const sealed = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed])
    },
    open(id, sealed) {
      try {
        const bytes = Buffer.from(sealed)
        const body = 1 + NONCE_BYTES + TAG_BYTES
        if (bytes[0] !== VERSION || bytes.length < body) throw new Error('it has another form')
        const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(1, 1 + NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        })
        decipher.setAAD(Buffer.from(id)).setAuthTag(bytes.subarray(1 + NONCE_BYTES, body))
        return Buffer.concat([decipher.update(bytes.subarray(body)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new AppError('config.invalid', 'a token in the pool database does not open with this key', { cause })
      }
    },
  }
}
