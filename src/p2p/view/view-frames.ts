import { createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'
import type { Session } from '../admission/proof.ts'
import { SUMMARY_BOUNDS } from './public-summary.ts'

/** First byte of every frame. */
const VERSION = 1
const MAC_BYTES = 32
const SIGNATURE_BYTES = 64
export const ASKED_BYTES = 1 + MAC_BYTES
const HEAD_BYTES = 2 + SIGNATURE_BYTES
export const MAX_ANSWER_BYTES = HEAD_BYTES + SUMMARY_BOUNDS.bytes

/** `refused` says no more: the viewer has another secret, or said something else than it should. */
export type ViewAnswer =
  | { readonly kind: 'summary'; readonly bytes: Uint8Array }
  | { readonly kind: 'busy' }
  | { readonly kind: 'refused' }

const KINDS = ['summary', 'busy', 'refused'] as const

/** What a viewer says: a MAC over this one Noise session, so that it is worth nothing in another. */
export function encodeQuestion(secret: Uint8Array, session: Session): Uint8Array {
  return Buffer.concat([Buffer.of(VERSION), macOf(secret, session)])
}

export function isQuestion(frame: Uint8Array, secret: Uint8Array, session: Session): boolean {
  if (frame.length !== ASKED_BYTES || frame[0] !== VERSION) return false
  return timingSafeEqual(frame.subarray(1), macOf(secret, session))
}

/** The signature binds a summary to the session too: nobody can hand on an old one, or that of another member. */
export function encodeAnswer(key: KeyObject, session: Session, answer: ViewAnswer): Uint8Array {
  const head = Buffer.of(VERSION, KINDS.indexOf(answer.kind))
  if (answer.kind !== 'summary') return head
  const signature = sign(null, toBeSigned(session, answer.bytes), key)
  return Buffer.concat([head, signature, answer.bytes])
}

/** Undefined for anything that no member of the network has said in this session. */
export function decodeAnswer(frame: Uint8Array, key: KeyObject, session: Session): ViewAnswer | undefined {
  const kind = KINDS[frame[1] ?? KINDS.length]
  if (frame[0] !== VERSION || kind === undefined) return undefined
  if (kind !== 'summary') return { kind }
  const bytes = frame.subarray(HEAD_BYTES)
  const signature = frame.subarray(2, HEAD_BYTES)
  if (signature.length !== SIGNATURE_BYTES) return undefined
  return verify(null, toBeSigned(session, bytes), key, signature) ? { kind, bytes } : undefined
}

function macOf(secret: Uint8Array, session: Session): Buffer {
  return createHmac('sha256', secret).update(boundTo('local-ai view question', session)).digest()
}

function toBeSigned(session: Session, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([boundTo('local-ai view summary', session), bytes])
}

/** A length before every part: no two different lists of parts give the same bytes. */
function boundTo(purpose: string, { initiator, responder, handshakeHash }: Session): Buffer {
  const parts = [Buffer.from(purpose), Buffer.from(initiator), Buffer.from(responder), handshakeHash]
  return Buffer.concat(parts.flatMap((part) => [Buffer.of(part.length >> 8, part.length & 0xff), part]))
}
