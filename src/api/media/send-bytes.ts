import type { FastifyReply } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { drained } from '../drained.ts'
import { toAppError } from '../error-response.ts'

export interface SendBytesInit {
  readonly contentType: string
  readonly signal: AbortSignal
  /** A client that reads nothing for this long is gone. */
  readonly stallTimeoutMs: number
}

/**
 * Sends bytes as they come, pulled only as fast as the client reads. Throws while the status is open, which is until the
 * first piece; after that a failure cuts the connection, so that nobody takes the answer for a whole one, and is returned.
 */
export async function sendBytes(
  reply: FastifyReply,
  pieces: AsyncIterable<Uint8Array>,
  { contentType, signal, stallTimeoutMs }: SendBytesInit,
): Promise<AppError | undefined> {
  const response = reply.raw
  let begun = false
  try {
    for await (const piece of pieces) {
      if (!begun) {
        begun = true
        reply.type(contentType)
        begin(reply)
      }
      if (!response.write(piece)) await drained(response, { stallTimeoutMs, signal })
      if (response.destroyed) throw new AppError('request.cancelled', 'the client has gone')
    }
    if (!begun) throw new AppError('backend.failed', 'the backend has made nothing')
    response.end()
    return undefined
  } catch (thrown) {
    if (!begun) throw thrown
    response.destroy()
    return toAppError(thrown)
  }
}

function begin(reply: FastifyReply): void {
  const { raw } = reply
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value)
  }
  // A write that fails late, with nobody listening, would take the process down.
  raw.on('error', () => {})
  raw.writeHead(200)
  reply.hijack()
}
