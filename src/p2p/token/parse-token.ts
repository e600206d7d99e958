import { stringify } from 'yaml'
import type { NetworkToken, OtpParameters } from './network-token.ts'
import { decodeTokenText, invalidToken } from './token-text.ts'
import { type ReadValue, readTokenYaml } from './token-yaml.ts'

/** Of the base64 of a 32-byte code. */
const MAX_CODE_LENGTH = 44
/** Anything smaller cannot carry a LocalAI ledger. */
const MIN_MESSAGE_BYTES = 64 * 1024
/** Of an interval in seconds, and of a size in bytes. */
export const MAX_TOKEN_NUMBER = 2 ** 31 - 1

/** Protobuf of a libp2p public key: type Ed25519, then 32 bytes. */
const OWNER_KEY_PREFIX = Buffer.from([0x08, 0x01, 0x12, 0x20])
const OWNER_KEY_BYTES = 36

/**
 * Reads a token of LocalAI or of this program. What LocalAI takes and then fails on (an interval of 0, a code longer
 * than 44, an empty room) is refused here. Throws `token.invalid`: one sentence that names the part that is wrong and
 * repeats nothing of the token.
 */
export function parseToken(text: string): NetworkToken {
  const read = readTokenYaml(decodeTokenText(text))
  const token = {
    dht: parseOtp(read, 'dht'),
    crypto: parseOtp(read, 'crypto'),
    room: required(parseText(read, 'room'), 'room'),
    rendezvous: parseText(read, 'rendezvous'),
    mdns: parseText(read, 'mdns'),
    maxMessageSizeBytes: parseNumber(read, ['max_message_size'], { least: MIN_MESSAGE_BYTES, most: MAX_TOKEN_NUMBER }),
  }
  required(token.crypto.key, 'otp.crypto.key')
  required(token.dht.key + token.rendezvous, 'otp.dht.key')
  const networkId = parseText(read, 'network_id')
  if (!/^([0-9a-f]{32})?$/.test(networkId)) throw invalidToken('network_id must be 32 hexadecimal digits')
  const ownerKey = parseText(read, 'owner_key')
  if (ownerKey !== '' && !isOwnerKey(ownerKey)) throw invalidToken('owner_key must be an Ed25519 public key')
  return { ...token, ...(networkId === '' ? {} : { networkId }), ...(ownerKey === '' ? {} : { ownerKey }) }
}

/** Base64 of YAML in the order of keys that LocalAI writes; ours follow, and LocalAI does not look at them. */
export function formatToken(token: NetworkToken): string {
  const { dht, crypto, room, rendezvous, mdns, networkId, ownerKey } = token
  const content = {
    otp: { dht: formatOtp(dht), crypto: formatOtp(crypto) },
    room,
    rendezvous,
    mdns,
    max_message_size: token.maxMessageSizeBytes,
    ...(networkId === undefined ? {} : { network_id: networkId }),
    ...(ownerKey === undefined ? {} : { owner_key: ownerKey }),
  }
  // Texts that need quotation marks are written on one line, as JSON; the writer's own line breaks lose backslashes.
  return Buffer.from(stringify(content, { lineWidth: 0, doubleQuotedAsJSON: true, blockQuote: false })).toString(
    'base64',
  )
}

function formatOtp({ intervalSeconds, key, length }: OtpParameters): Record<string, string | number> {
  return { interval: intervalSeconds, key, length }
}

function parseOtp(read: ReadValue, name: 'dht' | 'crypto'): OtpParameters {
  return {
    key: parseText(read, 'otp', name, 'key'),
    intervalSeconds: parseNumber(read, ['otp', name, 'interval'], { least: 1, most: MAX_TOKEN_NUMBER }),
    length: parseNumber(read, ['otp', name, 'length'], { least: 1, most: MAX_CODE_LENGTH }),
  }
}

/** '' when the key is missing. */
function parseText(read: ReadValue, ...path: readonly string[]): string {
  const value = read(...path)
  if (value === undefined) return ''
  // The escapes of YAML can spell half a character, which has no UTF-8 to make a key of.
  if (value === 'list or map' || !value.text.isWellFormed()) throw invalidToken(`${path.join('.')} must be a text`)
  return value.text
}

interface Bounds {
  readonly least: number
  readonly most: number
}

function parseNumber(read: ReadValue, path: readonly string[], { least, most }: Bounds): number {
  const value = read(...path)
  const name = path.join('.')
  if (value === undefined) throw missing(name)
  // Other notations (octal, underscores, 1e3) mean different numbers to different readers of YAML.
  const isNumber = value !== 'list or map' && value.plain && /^(0|-?[1-9]\d{0,15})$/.test(value.text)
  const number = isNumber ? Number(value.text) : Number.NaN
  if (!(number >= least && number <= most)) {
    throw invalidToken(`${name} must be a whole number from ${least} to ${most}`)
  }
  return number
}

function required(text: string, name: string): string {
  if (text === '') throw missing(name)
  return text
}

function missing(name: string): Error {
  return invalidToken(`${name} is missing; if the token was copied, its end may have been cut off`)
}

function isOwnerKey(text: string): boolean {
  const bytes = Buffer.from(text, 'base64url')
  return (
    bytes.length === OWNER_KEY_BYTES &&
    bytes.toString('base64url') === text &&
    bytes.subarray(0, OWNER_KEY_PREFIX.length).equals(OWNER_KEY_PREFIX)
  )
}
