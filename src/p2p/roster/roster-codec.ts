import { createHash } from 'node:crypto'
import type { PrivateKey } from '@libp2p/interface'
import { RecordEnvelope } from '@libp2p/peer-record'
import { AppError } from '../../base/errors.ts'
import { toOwnerKey } from '../identity/owner-key.ts'
import { MAX_LISTED, MAX_ROSTER_BYTES, parseRoster, type Roster } from './roster.ts'

/** Signing domain of the envelope (libp2p RFC 0002): a signature made for something else is none here. */
const DOMAIN = 'local-ai-network-roster'
const PAYLOAD_TYPE = new TextEncoder().encode('/local-ai/network-roster/1')

/** Payload, key, type and signature. */
export const MAX_SIGNED_ROSTER_BYTES = MAX_ROSTER_BYTES + 256

/** A roster with its proof that the owner said so. */
export interface SignedRoster {
  readonly roster: Roster
  /** The envelope in its one canonical form. */
  readonly bytes: Uint8Array
  /** Hex SHA-256 of what was signed: whoever passes it on can write the envelope in many ways, and change nothing. */
  readonly id: string
}

export type OpenedRoster = { readonly signed: SignedRoster } | { readonly refused: string }

/** Throws `request.invalid` for one that is beyond the bounds. */
export async function sealRoster(roster: Roster, ownerKey: PrivateKey): Promise<SignedRoster> {
  const payload = new TextEncoder().encode(JSON.stringify(roster))
  if (parseRoster(payload) === undefined) {
    throw new AppError(
      'request.invalid',
      `a roster has at most ${MAX_LISTED} nodes that were admitted and ${MAX_LISTED} that were removed, each with its peer id: 12D3KooW…`,
    )
  }
  const envelope = await RecordEnvelope.seal(
    { domain: DOMAIN, codec: PAYLOAD_TYPE, marshal: () => payload, equals: () => false },
    ownerKey,
  )
  return toSigned(roster, envelope)
}

/** Checks size, owner, signature, shape and network. `ownerKey` as a token has it. Never throws. */
export async function openRoster(
  bytes: Uint8Array,
  { ownerKey, networkId }: { readonly ownerKey: string; readonly networkId: string },
): Promise<OpenedRoster> {
  if (bytes.byteLength > MAX_SIGNED_ROSTER_BYTES) return { refused: 'it is too large' }
  const envelope = parseEnvelope(bytes)
  if (envelope === undefined) return { refused: 'it is no signed envelope' }
  if (toOwnerKey(envelope.publicKey) !== ownerKey) return { refused: "it is not signed with the owner's key" }
  if (!Buffer.from(envelope.payloadType.subarray()).equals(PAYLOAD_TYPE)) return { refused: 'it is no roster' }
  if (!(await isValid(envelope))) return { refused: 'its signature is wrong' }
  const roster = parseRoster(envelope.payload)
  if (roster === undefined) return { refused: 'its content is malformed or beyond the bounds' }
  if (roster.networkId !== networkId) return { refused: 'it is of another network' }
  return { signed: toSigned(roster, envelope) }
}

function toSigned(roster: Roster, envelope: RecordEnvelope): SignedRoster {
  const id = createHash('sha256').update(envelope.payload).digest('hex')
  return { roster, bytes: envelope.marshal(), id }
}

function parseEnvelope(bytes: Uint8Array): RecordEnvelope | undefined {
  try {
    return RecordEnvelope.createFromProtobuf(bytes)
  } catch {
    return undefined
  }
}

async function isValid(envelope: RecordEnvelope): Promise<boolean> {
  try {
    return await envelope.validate(DOMAIN)
  } catch {
    return false
  }
}
