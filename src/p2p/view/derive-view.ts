import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'
import { networkIdOf } from '../token/network-id.ts'
import type { NetworkToken } from '../token/network-token.ts'

/** What lets somebody read a network's public summary and nothing else. */
export interface ViewKeys {
  /** 32 bytes: whoever has them may ask. */
  readonly secret: Buffer
  /** The raw Ed25519 key that summaries are checked with. */
  readonly publicKey: Buffer
}

const KEY_BYTES = 32
/** PKCS #8 and SPKI of an Ed25519 key up to its 32 bytes (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * HKDF-SHA-256 (RFC 5869) of the token's secrets, under labels that nothing else uses: from what comes out nobody gets back
 * to the token, nor over to the keys of admission or rendezvous. The private half of the second key stays with the members,
 * so a viewer can check a summary and cannot make one.
 */
export function deriveViewKeys(token: NetworkToken): ViewKeys {
  return { secret: derive(token, 'view secret'), publicKey: rawPublicKey(createPublicKey(summaryKey(token))) }
}

/** Signs the summaries of a network; every holder of the token has it. */
export function summaryKey(token: NetworkToken): KeyObject {
  const key = Buffer.concat([PRIVATE_PREFIX, derive(token, 'view signature')])
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

export function toPublicKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' })
}

/** Names a network among those that can be viewed, 32 hexadecimal digits; tells nothing of its keys. */
export function viewIdOf({ publicKey }: Pick<ViewKeys, 'publicKey'>): string {
  return createHash('sha256').update('local-ai/1 view id\0').update(publicKey).digest('hex').slice(0, 32)
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length)
}

function derive(token: NetworkToken, purpose: string): Buffer {
  const { crypto, dht, room, rendezvous, mdns } = token
  const secrets = JSON.stringify([crypto.key, dht.key, rendezvous, mdns])
  const context = `local-ai/1\0${networkIdOf(token)}\0${purpose}`
  return Buffer.from(hkdfSync('sha256', secrets, Buffer.from(room), context, KEY_BYTES))
}
