import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AppError } from '../../base/errors.ts'
import type { Exclusion } from '../roster/roster.ts'
import {
  ADMISSION_VERSION,
  type AdmissionFrame,
  type DecodedFrame,
  type FrameKind,
  kindByte,
  REFUSED,
} from './frames.ts'
import type { KeyRing } from './key-ring.ts'
import { clockSkew, excluded, otherVersion, refused } from './refusal.ts'

/** One Noise session between two peers. Everything here goes under every MAC, so none fits another session. */
export interface Session {
  /** Peer ids, as text. */
  readonly initiator: string
  readonly responder: string
  /** The hash of the Noise transcript (Noise specification, 11.2 "channel binding"). */
  readonly handshakeHash: Uint8Array
}

export interface Answer {
  readonly frame: AdmissionFrame
  /** Undefined when the initiator is admitted. */
  readonly problem: AppError | undefined
}

const CONTEXT = Buffer.from('local-ai admission')

/** The initiator's first and only message. */
export function makeProof(keyRing: KeyRing, session: Session): AdmissionFrame {
  const step = keyRing.step()
  return { kind: 'proof', step, mac: computeMac(keyRing, session, { kind: 'proof', step, proofStep: step }) }
}

/**
 * What the responder says to it. A holder of the token whose clock is off is told so, with a MAC under the key of the
 * step that it named itself; only a holder can read that key, so nobody else learns anything: every other reason gets
 * the same frame. No step is too far away for this, because a machine without a clock of its own may start in 1970. One that the
 * owner does not want is told that in the same way.
 */
export function answerProof(
  keyRing: KeyRing,
  session: Session,
  { proof, exclusionOf }: { readonly proof: DecodedFrame; readonly exclusionOf?: () => Exclusion | undefined },
): Answer {
  if (proof.kind === 'other-version') return { frame: REFUSED, problem: otherVersion(proof.version) }
  if (proof.kind !== 'proof') return { frame: REFUSED, problem: refused('malformed') }
  const proofStep = proof.step
  if (!fits(proof, computeMac(keyRing, session, { kind: 'proof', step: proofStep, proofStep }))) {
    return { frame: REFUSED, problem: refused('token') }
  }
  const step = keyRing.step()
  const accepted = keyRing.accepts(proofStep)
  // Asked of holders only: whoever asks notes who was not let in.
  const exclusion = accepted ? exclusionOf?.() : undefined
  const kind = accepted ? (exclusion ?? 'accepted') : 'clock'
  const frame: AdmissionFrame = { kind, step, mac: computeMac(keyRing, session, { kind, step, proofStep }) }
  if (!accepted) return { frame, problem: skewBetween(keyRing, step, proofStep) }
  return { frame, problem: exclusion === undefined ? undefined : refused('excluded') }
}

/** What the initiator makes of the answer to its proof: undefined when it may go on. */
export function judgeAnswer(keyRing: KeyRing, session: Session, exchange: Exchange): AppError | undefined {
  const { proof, answer } = exchange
  if (answer.kind === 'other-version') return otherVersion(answer.version)
  if (answer.kind === 'refused') return refused('token')
  if (answer.kind === 'malformed' || answer.kind === 'proof') return refused('malformed')
  const { kind, step } = answer
  if (!fits(answer, computeMac(keyRing, session, { kind, step, proofStep: proof.step }))) return refused('token')
  if (kind === 'accepted') return undefined
  return kind === 'clock' ? skewBetween(keyRing, proof.step, step) : excluded(kind, session.initiator)
}

export interface Exchange {
  /** What was sent. */
  readonly proof: AdmissionFrame
  /** What came back. */
  readonly answer: DecodedFrame
}

interface Claim {
  readonly kind: FrameKind
  /** The step of the one who speaks. */
  readonly step: number
  /** The step of the initiator's proof: it chooses the key, for the answers too. */
  readonly proofStep: number
}

/** The network's name and the proof's step are in the key already (`KeyRing.key`), so they are not repeated here. */
function computeMac(keyRing: KeyRing, session: Session, claim: Claim): Buffer {
  const hmac = createHmac('sha256', keyRing.key(claim.proofStep, 'admission'))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(claim.step))
  // A length before every part: no two different lists of parts give the same bytes.
  for (const part of [
    CONTEXT,
    Buffer.of(ADMISSION_VERSION, kindByte(claim.kind)),
    step,
    Buffer.from(session.initiator),
    Buffer.from(session.responder),
    session.handshakeHash,
  ]) {
    hmac.update(Buffer.of(part.length >> 8, part.length & 0xff)).update(part)
  }
  return hmac.digest()
}

function fits(frame: AdmissionFrame, mac: Buffer): boolean {
  return timingSafeEqual(frame.mac, mac)
}

/** The step may have rolled over since the other compared; steps n apart are clocks more than n - 1 intervals apart. */
function skewBetween(keyRing: KeyRing, own: number, other: number): AppError {
  const fromSteps = (Math.abs(other - own) - 1) * keyRing.intervalSeconds
  const skewSeconds = Math.max(keyRing.skewSeconds(other), fromSteps)
  return clockSkew({ skewSeconds, otherClock: other > own ? 'ahead' : 'behind' })
}
