import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { linkedPair } from '../../base/linked-pair.ts'
import type { MadeAnswer } from '../../federation/idempotency/kept-answer.ts'

/** Holds a number that only this process knows: a request that it has sent to itself. */
const INNER_HEADER = 'x-local-ai-inner'

/** What a connection says of itself and of nothing else (RFC 9110 section 7.6.1). */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date'])

/** Requests of this face to itself: work that outlives the connection for which it is done. */
export interface InnerRequests {
  isInner(request: FastifyRequest): boolean
  /** What `request` asks, once more, on a connection of its own. Its body goes along as it comes. */
  send(request: FastifyRequest, signal: AbortSignal): Promise<MadeAnswer>
}

export function createInnerRequests(server: Server): InnerRequests {
  const secret = randomBytes(32).toString('hex')

  function connect(remoteAddress: string): Duplex {
    // Whose budgets it uses.
    const { theirs, ours } = linkedPair({ remoteAddress })
    server.emit('connection', theirs)
    return ours
  }

  return {
    isInner: ({ headers }) => headers[INNER_HEADER] === secret,
    async send({ raw, method, url: path, headers: given }, signal) {
      const headers = { ...withoutConnection(given), [INNER_HEADER]: secret }
      const sent = httpRequest({
        method,
        path,
        headers,
        createConnection: () => connect(raw.socket.remoteAddress ?? ''),
        signal,
      })
      sent.on('error', () => {})
      raw.pipe(sent)
      raw.once('close', () => {
        if (!raw.readableEnded) sent.destroy()
      })
      const response = await answered(sent)
      return {
        status: response.statusCode ?? 0,
        headers: withoutConnection(response.headers),
        body: response,
      }
    },
  }
}

async function answered(sent: ClientRequest): Promise<IncomingMessage> {
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return response
  } catch (cause) {
    throw new AppError('request.cancelled', 'the request broke off', { cause })
  }
}

function withoutConnection(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || OF_THE_CONNECTION.has(name)) continue
    kept[name] = typeof value === 'string' ? value : [...value]
  }
  return kept
}
