import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions } from '@libp2p/interface'
import type { NoiseComponents } from '@libp2p/noise'
import { createBoundNoise } from '../admission/bound-noise.ts'
import { framed } from '../admission/framed.ts'
import { VIEW_PROTOCOL } from './answer-viewers.ts'
import { toPublicKey, type ViewKeys } from './derive-view.ts'
import { type PublicSummary, parseSummary } from './public-summary.ts'
import { decodeAnswer, encodeQuestion, MAX_ANSWER_BYTES } from './view-frames.ts'

/**
 * The viewer's end of `answerViewers`: what it is told goes to `onSummary`. As at the other end the handshake always fails,
 * so that a viewer never has a connection.
 */
export function viewEncrypter(
  keys: ViewKeys,
  onSummary: (summary: PublicSummary) => void,
): (components: NoiseComponents) => ConnectionEncrypter {
  return (components) => {
    const noise = createBoundNoise(components)
    const initiator = components.peerId.toString()
    const publicKey = toPublicKey(keys.publicKey)

    async function ask(connection: MessageStream, options: SecureConnectionOptions): Promise<PublicSummary> {
      const { secured, handshakeHash } = await noise.secure('initiator', connection, {
        ...options,
        skipStreamMuxerNegotiation: true,
      })
      const session = { initiator, responder: secured.remotePeer.toString(), handshakeHash }
      const maxBufferSize = 2 * MAX_ANSWER_BYTES
      const frames = framed(secured.connection, { maxDataLength: MAX_ANSWER_BYTES, maxBufferSize })
      await frames.write(encodeQuestion(keys.secret, session), options)
      const answer = decodeAnswer((await frames.read(options)).subarray(), publicKey, session)
      if (answer === undefined) throw new Error('nobody who holds the token of this network said that')
      const summary = answer.kind === 'summary' ? parseSummary(answer.bytes) : undefined
      if (summary === undefined) throw new Error('the member does not tell of its network')
      return summary
    }
    return {
      protocol: VIEW_PROTOCOL,
      async secureInbound() {
        throw new Error('a viewer answers nobody')
      },
      async secureOutbound(connection, options = {}) {
        const isOver = new Error('the view is over')
        try {
          onSummary(await ask(connection, options))
          throw isOver
        } finally {
          connection.abort(isOver)
        }
      },
    }
  }
}
