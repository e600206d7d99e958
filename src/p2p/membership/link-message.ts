import { isObject } from '../../base/json.ts'
import { encodeFrame, type Frame } from './frames.ts'
import type { NodeLoad } from './node-record.ts'

/** Protocol version inside `/local-ai/link/1`; raised when older nodes would misunderstand, not for new frame types. */
export const LINK_VERSION = 1

export interface Heartbeat {
  /** Counts from 1 on each link. */
  readonly counter: number
  /** The last counter that came from the other side, 0 for none yet, and how long ago it came. */
  readonly echo: number
  readonly heldMs: number
  /** When it changed, and in every heartbeat while there is any; its `prefixes` only when they changed. */
  readonly load?: NodeLoad
}

export type LinkMessage =
  | { readonly type: 'hello'; readonly version: number; readonly software: string }
  | { readonly type: 'record'; readonly bytes: Uint8Array }
  | { readonly type: 'heartbeat'; readonly beat: Heartbeat }
  | { readonly type: 'digest'; readonly ids: ReadonlySet<string>; readonly answerWanted: boolean }
  | { readonly type: 'goodbye'; readonly bytes: Uint8Array }
  /** Who may be here, as the owner has signed it. */
  | { readonly type: 'roster'; readonly bytes: Uint8Array }

export type DecodedMessage =
  | LinkMessage
  /** Of a newer version: to be ignored. */
  | { readonly type: 'unknown' }
  | { readonly type: 'malformed'; readonly what: string }

const HELLO = 1
const RECORD = 2
const HEARTBEAT = 3
const DIGEST = 4
const GOODBYE = 5
const ROSTER = 6

const MAX_HELLO_BYTES = 1024
const BEAT_BYTES = 12
const LOAD_BYTES = 16
const COUNT_BYTES = 2
const HASH_BYTES = 4
/** Of `NodeLoad.prefixes`. */
const MAX_PREFIXES = 256
const ID_BYTES = 8
/** Linked records and hints, with room to spare. */
export const MAX_DIGEST_IDS = 2048

export function encodeMessage(message: LinkMessage): Uint8Array {
  switch (message.type) {
    case 'hello': {
      const { version, software } = message
      return encodeFrame({ type: HELLO, payload: Buffer.from(JSON.stringify({ version, software })) })
    }
    case 'record':
      return encodeFrame({ type: RECORD, payload: message.bytes })
    case 'heartbeat':
      return encodeFrame({ type: HEARTBEAT, payload: encodeHeartbeat(message.beat) })
    case 'digest': {
      const ids = [...message.ids].slice(0, MAX_DIGEST_IDS).join('')
      const payload = Buffer.concat([Buffer.of(message.answerWanted ? 1 : 0), Buffer.from(ids, 'hex')])
      return encodeFrame({ type: DIGEST, payload })
    }
    case 'goodbye':
      return encodeFrame({ type: GOODBYE, payload: message.bytes })
    case 'roster':
      return encodeFrame({ type: ROSTER, payload: message.bytes })
  }
}

/** Fields may have been added behind those that this version knows. */
export function decodeMessage({ type, payload }: Frame): DecodedMessage {
  switch (type) {
    case HELLO:
      return decodeHello(payload)
    case RECORD:
      return { type: 'record', bytes: payload }
    case HEARTBEAT:
      return decodeHeartbeat(payload)
    case DIGEST:
      return decodeDigest(payload)
    case GOODBYE:
      return { type: 'goodbye', bytes: payload }
    case ROSTER:
      return { type: 'roster', bytes: payload }
    default:
      return { type: 'unknown' }
  }
}

function decodeHello(payload: Uint8Array): DecodedMessage {
  const malformed = { type: 'malformed', what: 'hello' } as const
  if (payload.byteLength > MAX_HELLO_BYTES) return malformed
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
    if (!isObject(value)) return malformed
    const { version, software } = value
    if (!Number.isSafeInteger(version) || typeof version !== 'number') return malformed
    return { type: 'hello', version, software: typeof software === 'string' ? software.slice(0, 64) : '' }
  } catch {
    return malformed
  }
}

/**
 * `uint32be counter, uint32be echo, uint32be held in microseconds`, then perhaps `uint32be running, uint32be queued, float64be free`,
 * then perhaps `uint16be count` and so many `uint32be` hashes of prefixes.
 */
function encodeHeartbeat({ counter, echo, heldMs, load }: Heartbeat): Uint8Array {
  const bytes = Buffer.alloc(BEAT_BYTES + (load === undefined ? 0 : LOAD_BYTES + prefixBytes(load)))
  bytes.writeUInt32BE(counter >>> 0, 0)
  bytes.writeUInt32BE(echo >>> 0, 4)
  bytes.writeUInt32BE(toUint32(heldMs * 1000), 8)
  if (load === undefined) return bytes
  bytes.writeUInt32BE(toUint32(load.running), 12)
  bytes.writeUInt32BE(toUint32(load.queued), 16)
  bytes.writeDoubleBE(Math.max(0, Math.round(load.memoryFreeBytes)) || 0, 20)
  const told = load.prefixes?.slice(-MAX_PREFIXES)
  if (told === undefined) return bytes
  let at = bytes.writeUInt16BE(told.length, BEAT_BYTES + LOAD_BYTES)
  for (const hash of told) at = bytes.writeUInt32BE(hash >>> 0, at)
  return bytes
}

function prefixBytes({ prefixes }: NodeLoad): number {
  return prefixes === undefined ? 0 : COUNT_BYTES + Math.min(MAX_PREFIXES, prefixes.length) * HASH_BYTES
}

function decodeHeartbeat(payload: Uint8Array): DecodedMessage {
  if (payload.byteLength < BEAT_BYTES) return { type: 'malformed', what: 'heartbeat' }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const beat = { counter: view.getUint32(0), echo: view.getUint32(4), heldMs: view.getUint32(8) / 1000 }
  if (payload.byteLength < BEAT_BYTES + LOAD_BYTES) return { type: 'heartbeat', beat }
  const memoryFreeBytes = view.getFloat64(20)
  if (!Number.isSafeInteger(memoryFreeBytes) || memoryFreeBytes < 0) return { type: 'malformed', what: 'load' }
  const load = { running: view.getUint32(12), queued: view.getUint32(16), memoryFreeBytes }
  const prefixes = decodePrefixes(view)
  return { type: 'heartbeat', beat: { ...beat, load: prefixes === undefined ? load : { ...load, prefixes } } }
}

/** Undefined when there are none, or what stands there is something else: of a newer version. */
function decodePrefixes(view: DataView): readonly number[] | undefined {
  const start = BEAT_BYTES + LOAD_BYTES
  if (view.byteLength < start + COUNT_BYTES) return undefined
  const count = view.getUint16(start)
  if (count > MAX_PREFIXES || view.byteLength < start + COUNT_BYTES + count * HASH_BYTES) return undefined
  return Array.from({ length: count }, (_, at) => view.getUint32(start + COUNT_BYTES + at * HASH_BYTES))
}

function decodeDigest(payload: Uint8Array): DecodedMessage {
  const bytes = payload.subarray(1)
  if (payload.byteLength < 1 || bytes.byteLength % ID_BYTES !== 0 || bytes.byteLength > MAX_DIGEST_IDS * ID_BYTES) {
    return { type: 'malformed', what: 'digest' }
  }
  const hex = Buffer.from(bytes).toString('hex')
  return { type: 'digest', answerWanted: payload[0] === 1, ids: new Set(hex.match(/.{16}/g) ?? []) }
}

function toUint32(value: number): number {
  return Math.min(2 ** 32 - 1, Math.max(0, Math.round(value)))
}
