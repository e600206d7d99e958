import { AppError } from '../../base/errors.ts'
import type { Exclusion } from '../roster/roster.ts'
import { ADMISSION_VERSION } from './frames.ts'

/**
 * Why a connection was refused with `admission.refused`; in `details.reason`.
 * `token`: the two do not hold the same token. `version`: another version of this protocol. `identity`: another node
 * answers at that address. `handshake`: what came is no Noise handshake. `malformed`: no frame of ours came inside it.
 * `timeout`: the other side kept silent. `closed`: it hung up without a reason. `removed`, `not-admitted`: the owner does not want
 * this node in the network. `excluded`: nor the other one.
 */
export type RefusalReason =
  | 'token'
  | 'version'
  | 'identity'
  | 'handshake'
  | 'malformed'
  | 'timeout'
  | 'closed'
  | 'excluded'
  | Exclusion

const SENTENCES: Readonly<Record<Exclude<RefusalReason, 'version' | Exclusion>, string>> = {
  token: 'the other node holds a different network token',
  identity: 'the node at this address is not the one that was dialled',
  handshake: 'the other side did not complete a Noise handshake',
  malformed: 'the other side sent something that is no proof of admission',
  timeout: 'the other side did not prove in time that it holds the network token',
  excluded: 'the owner of the network does not want the other node in it',
  closed: 'the other side closed the connection during admission',
}

export function refused(reason: keyof typeof SENTENCES, cause?: unknown): AppError {
  return new AppError('admission.refused', SENTENCES[reason], { details: { reason }, cause })
}

/** What this node is told. `self`: its peer id, which the owner needs to admit it. */
export function excluded(exclusion: Exclusion, self: string): AppError {
  const sentence =
    exclusion === 'removed'
      ? 'this node was removed from the network by its owner'
      : `the network lets in only nodes that its owner has admitted: ask for "local-ai p2p admit ${self}" on the owner's node`
  return new AppError('admission.refused', sentence, { details: { reason: exclusion } })
}

export function otherVersion(version: number): AppError {
  return new AppError(
    'admission.refused',
    `the other node speaks version ${version} of the admission protocol, this one version ${ADMISSION_VERSION}: update the older`,
    { details: { reason: 'version', version: ADMISSION_VERSION, otherVersion: version } },
  )
}

export interface ClockSkew {
  /** At least; the true difference may be up to one interval more. */
  readonly skewSeconds: number
  /** Which way the other node's clock is off, as seen from here. */
  readonly otherClock: 'ahead' | 'behind'
}

export function clockSkew({ skewSeconds, otherClock }: ClockSkew): AppError {
  return new AppError(
    'admission.clock-skew',
    `the other node holds the network token, but its clock is at least ${skewSeconds} s ${otherClock} of this node's: set both by a time server`,
    { details: { skewSeconds, otherClock } },
  )
}
