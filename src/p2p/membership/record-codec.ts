import { createHash } from 'node:crypto'
import type { PrivateKey, PublicKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import type { NodeRecord } from './node-record.ts'
import { parseRecord, RECORD_BOUNDS } from './record-schema.ts'

/** Signing domain of the envelope (libp2p RFC 0002): a signature made for something else is none here. */
const DOMAIN = 'local-ai-node-record'
const PAYLOAD_TYPE = new TextEncoder().encode('/local-ai/node-record/1')

/** Payload, key, type and signature. */
export const MAX_ENVELOPE_BYTES = RECORD_BOUNDS.payloadBytes + 256

/** A record with its proof: whoever gets the bytes can check that the node itself said so. */
export interface SignedRecord {
  readonly record: NodeRecord
  /** The envelope in its one canonical form. */
  readonly bytes: Uint8Array
  /** 16 hex digits of the envelope's SHA-256: the same bytes, the same words. */
  readonly id: string
}

export type OpenedRecord = { readonly signed: SignedRecord } | { readonly refused: string }

/** The record must be within its bounds (`fitRecord`), and be the key's own. */
export async function sealRecord(record: NodeRecord, privateKey: PrivateKey): Promise<SignedRecord> {
  const payload = new TextEncoder().encode(JSON.stringify(record))
  const envelope = await RecordEnvelope.seal(
    { domain: DOMAIN, codec: PAYLOAD_TYPE, marshal: () => payload, equals: () => false },
    privateKey,
  )
  return toSigned(record, envelope.marshal())
}

/** Checks size, key, signature, shape, and that the signer speaks of nobody but itself. Never throws. */
export async function openRecord(bytes: Uint8Array): Promise<OpenedRecord> {
  if (bytes.byteLength > MAX_ENVELOPE_BYTES) return { refused: 'it is too large' }
  const envelope = parseEnvelope(bytes)
  if (envelope === undefined) return { refused: 'it is no signed envelope' }
  if (!isEd25519(envelope.publicKey)) return { refused: 'its key is not of the kind that nodes have' }
  if (!Buffer.from(envelope.payloadType.subarray()).equals(PAYLOAD_TYPE)) return { refused: 'it is no node record' }
  if (!(await isSignedBy(envelope))) return { refused: 'its signature is wrong' }
  const record = parseRecord(envelope.payload)
  if (record === undefined) return { refused: 'its content is malformed or beyond the bounds' }
  if (peerIdFromPublicKey(envelope.publicKey).toString() !== record.peerId) {
    return { refused: 'it speaks for a node that did not sign it' }
  }
  return { signed: toSigned(record, envelope.marshal()) }
}

/** Who claims to have signed it, without the work of checking. Undefined when it is none. */
export function claimedSigner(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength > MAX_ENVELOPE_BYTES) return undefined
  const key = parseEnvelope(bytes)?.publicKey
  return key === undefined || !isEd25519(key) ? undefined : peerIdFromPublicKey(key).toString()
}

/** The id that `openRecord` would give, without the work. */
export function recordId(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16)
}

function toSigned(record: NodeRecord, bytes: Uint8Array): SignedRecord {
  return { record, bytes, id: recordId(bytes) }
}

function isEd25519(key: PublicKey): boolean {
  return key.type === 'Ed25519'
}

function parseEnvelope(bytes: Uint8Array): RecordEnvelope | undefined {
  try {
    return RecordEnvelope.createFromProtobuf(bytes)
  } catch {
    return undefined
  }
}

async function isSignedBy(envelope: RecordEnvelope): Promise<boolean> {
  try {
    return await envelope.validate(DOMAIN)
  } catch {
    return false
  }
}
