import type { KeyObject } from 'node:crypto'
import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions } from '@libp2p/interface'
import type { NoiseComponents } from '@libp2p/noise'
import { AppError } from '../../base/errors.ts'
import { anySignal } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createBoundNoise } from '../admission/bound-noise.ts'
import { framed } from '../admission/framed.ts'
import { remoteAddress } from '../admission/remote-address.ts'
import { hostOf, netOf } from '../host/host-addresses.ts'
import { ASKED_BYTES, encodeAnswer, isQuestion, type ViewAnswer } from './view-frames.ts'
import type { ViewerSeats } from './viewer-seats.ts'

export const VIEW_PROTOCOL = '/local-ai/view/1'

export interface AnswerViewersDeps {
  readonly log: Pick<Logger, 'debug'>
  readonly seats: ViewerSeats
  /** The encoded public summary, as of now. */
  readonly summary: () => Uint8Array
}

export interface AnswerViewersInit {
  /** Of the view capability. */
  readonly secret: Uint8Array
  /** Of `summaryKey`. */
  readonly key: KeyObject
}

const TIMEOUT_MS = 5000
/** For reading the answer, before the reset overtakes it. */
const LINGER_MS = 1000

/**
 * The other thing that can be said to a member instead of the admission: Noise, one question, one answer, and the end. All
 * of it happens where libp2p expects a handshake, and that handshake never succeeds. So there is no connection, no muxer and
 * no stream on which a viewer could ask for anything else.
 */
export function answerViewers(
  { log, seats, summary }: AnswerViewersDeps,
  { secret, key }: AnswerViewersInit,
): (components: NoiseComponents) => ConnectionEncrypter {
  return (components) => {
    const noise = createBoundNoise(components)
    const responder = components.peerId.toString()

    async function answer(connection: MessageStream, options: SecureConnectionOptions): Promise<void> {
      const { secured, handshakeHash } = await noise.secure('responder', connection, {
        ...options,
        skipStreamMuxerNegotiation: true,
      })
      const session = { initiator: secured.remotePeer.toString(), responder, handshakeHash }
      const frames = framed(secured.connection, { maxDataLength: ASKED_BYTES, maxBufferSize: 2 * ASKED_BYTES })
      const question = (await frames.read(options)).subarray()
      const address = remoteAddress(connection)
      // Who has not asked takes no seat: strangers that keep silent would take them from viewers.
      const isRight = isQuestion(question, secret, session)
      const leave = isRight ? seats.take(netOf(hostOf(address ?? ''))) : undefined
      const said = toAnswer(isRight, leave !== undefined)
      try {
        await frames.write(encodeAnswer(key, session, said), options)
      } finally {
        leave?.()
      }
      log.debug({ answer: said.kind, address }, 'a viewer was answered')
      await untilClosed(secured.connection, AbortSignal.timeout(LINGER_MS))
    }
    function toAnswer(isRight: boolean, hasSeat: boolean): ViewAnswer {
      if (!isRight) return { kind: 'refused' }
      return hasSeat ? { kind: 'summary', bytes: summary() } : { kind: 'busy' }
    }

    return {
      protocol: VIEW_PROTOCOL,
      async secureOutbound() {
        throw over('a member does not look at a network as a viewer')
      },
      async secureInbound(connection, options = {}) {
        const signal = anySignal(AbortSignal.timeout(TIMEOUT_MS), options.signal)
        try {
          await answer(connection, { ...options, signal })
          throw over('a viewer was answered')
        } catch (error) {
          connection.abort(AppError.from(error, 'admission.refused'))
          throw error
        }
      },
    }
  }
}

/** The viewer hangs up when it has read the answer; else the time does. */
function untilClosed(connection: MessageStream, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  connection.addEventListener('close', () => resolve())
  connection.addEventListener('remoteCloseWrite', () => resolve())
  signal.addEventListener('abort', () => resolve(), { once: true })
  if (connection.status !== 'open') resolve()
  return promise
}

function over(message: string): AppError {
  return new AppError('admission.refused', message, { details: { reason: 'view' } })
}
