import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'
import type { NoiseComponents } from '@libp2p/noise'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Exclusion } from '../roster/roster.ts'
import { type BoundConnection, createBoundNoise, type Role } from './bound-noise.ts'
import { framed } from './framed.ts'
import { decodeFrame, encodeFrame, MAX_FRAME_BYTES } from './frames.ts'
import type { KeyRing } from './key-ring.ts'
import { answerProof, judgeAnswer, makeProof, type Session } from './proof.ts'
import { refused } from './refusal.ts'
import { remoteAddress } from './remote-address.ts'

/** Without a version: the frames carry it, so that versions can tell each other. */
export const ADMISSION_PROTOCOL = '/local-ai/admission'

/** A connection that did not come about, at this end. */
export interface AdmissionRefusal {
  readonly direction: 'inbound' | 'outbound'
  /** `admission.refused` with `details.reason` (`RefusalReason`), or `admission.clock-skew` with `details.skewSeconds`. */
  readonly error: AppError
  /** The other end, as a multiaddr. */
  readonly address: string | undefined
  /** Known as soon as Noise has proved it. */
  readonly peerId: string | undefined
}

export interface OtpNoiseInit {
  readonly keyRing: KeyRing
  /** Whom the owner of the network does not want, though they hold the token: asked of those who do. Default: nobody. */
  readonly exclusionOf?: (peerId: string) => Exclusion | undefined
  readonly log: Pick<Logger, 'debug'>
  /**
   * libp2p keeps only the message of an error that an encrypter throws, so whoever needs the code hears it here. Called
   * once per refused connection, before the dial rejects. Strangers can cause it at will.
   */
  readonly onRefused?: (refusal: AdmissionRefusal) => void
  /** For Noise and proof together; 5000 when not given. */
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 5000
/** How long a refused initiator is given to read why, before the reset overtakes the answer. */
const LINGER_MS = 1000
/** Before it is admitted, an initiator has nothing to say after its proof. */
const INITIATOR_MAY_SEND_BYTES = 2 * MAX_FRAME_BYTES
/** An admitting responder may open streams in the same breath. */
const RESPONDER_MAY_SEND_BYTES = 1 << 20

/**
 * A libp2p connection encrypter: Noise, then both sides prove inside it that they hold the network's token, the
 * initiator first. Until both did, neither libp2p knows of a connection, so a stranger meets no muxer, identify, DHT or
 * event. The proof is a MAC over the Noise transcript and both peer ids: recorded, reflected or relayed it is worth nothing.
 *
 * Rejects with the AppError of `AdmissionRefusal`, or with the caller's signal's reason.
 */
export function otpNoise(init: OtpNoiseInit): (components: NoiseComponents) => ConnectionEncrypter {
  return (components) => {
    const noise = createBoundNoise(components)
    const own = components.peerId.toString()

    async function secure(
      role: Role,
      connection: MessageStream,
      options: SecureConnectionOptions = {},
    ): Promise<SecuredConnection> {
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(refused('timeout')), init.timeoutMs ?? DEFAULT_TIMEOUT_MS)
      const signal = anySignal(deadline.signal, options.signal)
      let bound: BoundConnection | undefined
      try {
        bound = await noise.secure(role, connection, { ...options, signal })
        await exchangeProofs(init, { role, own, bound }, { signal })
        return bound.secured
      } catch (thrown) {
        const error = toReason(thrown, bound, signal)
        connection.abort(error)
        report(error, {
          direction: role === 'initiator' ? 'outbound' : 'inbound',
          address: remoteAddress(connection),
          peerId: bound?.secured.remotePeer.toString(),
        })
        throw error
      } finally {
        clearTimeout(timer)
      }
    }

    function report(error: Error, where: Omit<AdmissionRefusal, 'error'>): void {
      // Else the caller gave up: that is nobody's refusal.
      if (!(error instanceof AppError)) return
      init.log.debug({ ...where, code: error.code, ...error.details }, error.message)
      init.onRefused?.({ ...where, error })
    }

    return {
      protocol: ADMISSION_PROTOCOL,
      secureOutbound: (connection, options) => secure('initiator', connection, options),
      secureInbound: (connection, options) => secure('responder', connection, options),
    }
  }
}

interface Party {
  readonly role: Role
  /** This node's peer id. */
  readonly own: string
  readonly bound: BoundConnection
}

async function exchangeProofs(
  { keyRing, exclusionOf = () => undefined }: Pick<OtpNoiseInit, 'keyRing' | 'exclusionOf'>,
  party: Party,
  options: AbortOptions,
): Promise<void> {
  const { connection, remotePeer } = party.bound.secured
  const other = remotePeer.toString()
  const { handshakeHash } = party.bound
  if (party.role === 'initiator') {
    const frames = framed(connection, { maxDataLength: MAX_FRAME_BYTES, maxBufferSize: RESPONDER_MAY_SEND_BYTES })
    const session: Session = { initiator: party.own, responder: other, handshakeHash }
    const proof = makeProof(keyRing, session)
    await frames.write(encodeFrame(proof), options)
    const answer = decodeFrame((await frames.read(options)).subarray())
    const problem = judgeAnswer(keyRing, session, { proof, answer })
    if (problem !== undefined) throw problem
    if (exclusionOf(other) !== undefined) throw refused('excluded')
    frames.unwrap()
    return
  }
  const frames = framed(connection, { maxDataLength: MAX_FRAME_BYTES, maxBufferSize: INITIATOR_MAY_SEND_BYTES })
  const session: Session = { initiator: other, responder: party.own, handshakeHash }
  const proof = decodeFrame((await frames.read(options)).subarray())
  const answer = answerProof(keyRing, session, { proof, exclusionOf: () => exclusionOf(other) })
  await frames.write(encodeFrame(answer.frame), options)
  if (answer.problem !== undefined) {
    await closedOrLate(connection)
    throw answer.problem
  }
  frames.unwrap()
}

/** Resolves when the connection is closed, or after a while. */
function closedOrLate(connection: MessageStream): Promise<void> {
  return new Promise((resolve) => {
    if (connection.status !== 'open') return resolve()
    function settle(): void {
      clearTimeout(timer)
      connection.removeEventListener('close', settle)
      resolve()
    }
    const timer = setTimeout(settle, LINGER_MS)
    connection.addEventListener('close', settle)
  })
}

/** A refusal that was found before the time was over stays what it is. */
function toReason(thrown: unknown, bound: BoundConnection | undefined, signal: AbortSignal): Error {
  if (thrown instanceof AppError) return thrown
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason : refused('closed', signal.reason)
  const name = thrown instanceof Error ? thrown.name : ''
  if (bound === undefined) return refused(name === 'UnexpectedPeerError' ? 'identity' : 'handshake', thrown)
  const isOver = bound.secured.connection.status !== 'open'
  // More than may be buffered ends the connection from this side.
  return refused(isOver && name !== 'StreamBufferError' ? 'closed' : 'malformed', thrown)
}
