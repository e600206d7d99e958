import { createHash } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import type { ViewKeys } from './derive-view.ts'

/**
 * Lets its holder find a network and read its public summary. It can neither join nor use the network, nor speak for it:
 * what a token gives, it cannot be turned back into.
 */
export interface ViewCapability extends ViewKeys {
  /** Name under which members look for each other on the LAN; anybody there can hear it. */
  readonly mdnsTag: string
  /** Multiaddresses of members, where it was made. They may be out of date. */
  readonly addresses: readonly string[]
}

export const VIEW_PREFIX = 'local-ai-view-'

const VERSION = 1
const KEY_BYTES = 32
const TAG_BYTES = 6
const CHECK_BYTES = 4
const ADDRESSES_AT = 1 + 2 * KEY_BYTES + TAG_BYTES
const MAX_ADDRESSES = 4
const MAX_ADDRESS_LENGTH = 160
const MAX_TEXT_LENGTH = 2048

/** Version, secret, public key, mDNS tag, addresses (each behind its length), and a checksum of all that; in base64url. */
export function formatViewCapability({ secret, publicKey, mdnsTag, addresses }: ViewCapability): string {
  const fitting = addresses.filter(isAddress).slice(0, MAX_ADDRESSES)
  const parts = [
    Buffer.of(VERSION),
    secret,
    publicKey,
    Buffer.from(tagDigits(mdnsTag), 'hex'),
    ...fitting.flatMap((address) => [Buffer.of(address.length), Buffer.from(address)]),
  ]
  const content = Buffer.concat(parts)
  return VIEW_PREFIX + Buffer.concat([content, checksum(content)]).toString('base64url')
}

export function isViewText(text: string): boolean {
  return text.trim().startsWith(VIEW_PREFIX)
}

/** Throws `token.invalid` with one sentence that repeats nothing of the text. */
export function parseViewCapability(text: string): ViewCapability {
  const trimmed = text.trim()
  if (trimmed.length > MAX_TEXT_LENGTH) throw invalid('it is too long')
  const digits = trimmed.startsWith(VIEW_PREFIX) ? trimmed.slice(VIEW_PREFIX.length) : ''
  if (!/^[\w-]+$/.test(digits)) throw invalid(`it must begin with ${VIEW_PREFIX} and go on in base64url`)
  const bytes = Buffer.from(digits, 'base64url')
  const content = bytes.subarray(0, -CHECK_BYTES)
  if (content.length < ADDRESSES_AT || !checksum(content).equals(bytes.subarray(-CHECK_BYTES))) {
    throw invalid('a part of it is missing or changed; copy it again')
  }
  if (content[0] !== VERSION) throw invalid('a newer version of this program made it')
  return {
    secret: content.subarray(1, 1 + KEY_BYTES),
    publicKey: content.subarray(1 + KEY_BYTES, 1 + 2 * KEY_BYTES),
    mdnsTag: `_la-${content.subarray(ADDRESSES_AT - TAG_BYTES, ADDRESSES_AT).toString('hex')}._udp.local`,
    addresses: readAddresses(content.subarray(ADDRESSES_AT)),
  }
}

function readAddresses(bytes: Buffer): string[] {
  const addresses: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at] ?? 0
    const address = bytes.subarray(at + 1, at + 1 + length).toString('latin1')
    if (address.length !== length || !isAddress(address) || addresses.length === MAX_ADDRESSES) {
      throw invalid('its addresses are malformed')
    }
    addresses.push(address)
    at += 1 + length
  }
  return addresses
}

function isAddress(text: string): boolean {
  return text.length <= MAX_ADDRESS_LENGTH && /^\/[\x21-\x7e]+$/.test(text)
}

function tagDigits(mdnsTag: string): string {
  const digits = /^_la-([0-9a-f]{12})\./.exec(mdnsTag)?.[1]
  if (digits === undefined) throw new AppError('internal', 'an mDNS tag has another form than the one we give it')
  return digits
}

/** Against slips of copying; whoever changes it on purpose gains nothing. */
function checksum(content: Uint8Array): Buffer {
  return createHash('sha256').update('local-ai/1 view text\0').update(content).digest().subarray(0, CHECK_BYTES)
}

function invalid(problem: string): AppError {
  return new AppError('token.invalid', `the view token is not valid: ${problem}`)
}
