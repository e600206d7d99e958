import { createHash, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32
const ID_BYTES = 12

/** 256 bits from the system's generator, behind what tells people and scanners what it is. */
export function newSecret(prefix = ''): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url')
}

export function newId(): string {
  return randomBytes(ID_BYTES).toString('hex')
}

/**
 * What is stored of a secret that this node made, and what it is looked up by. Nobody guesses 256 bits, so a fast hash
 * will do; and as only hashes are compared, the time a look-up takes tells nothing of a secret.
 */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
