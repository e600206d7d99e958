import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Lender } from '../../workers/lease/create-lender.ts'
import {
  LEASE_PATH,
  LEASE_PROTOCOL,
  parseLeaseHeaders,
  type Refusal,
  toRefusalBody,
} from '../../workers/lease/lease-words.ts'

export interface LeaseUpgradesDeps {
  readonly lender: Pick<Lender, 'take'>
  readonly log: Pick<Logger, 'warn'>
}

/** For `http.createServer`: any other upgrade is an ordinary request. */
export function isLeaseRequest({ method, url, headers }: IncomingMessage): boolean {
  return method === 'POST' && url === LEASE_PATH && headers.upgrade?.toLowerCase() === LEASE_PROTOCOL
}

const STATUSES = { 'worker.busy': 503, 'worker.refused': 403, 'worker.mismatch': 409 } as const

/**
 * Members borrow this node's worker: an answer 101 when it is granted, from where on the connection speaks ggml's RPC, and
 * before that a refusal in JSON. Who asks is known by the connection. To be added to the server of the face for members.
 */
export function addLeaseUpgrades(server: Pick<Server, 'on'>, { lender, log }: LeaseUpgradesDeps): void {
  async function lend(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const words = parseLeaseHeaders(request.headers)
    // Nobody may send before the answer: it would stay in memory for as long as the queue is.
    if (words === undefined || head.length > 0) {
      answer(socket, 400, { code: 'worker.refused', message: 'this is no request for a worker', notAllowed: false })
      return
    }
    const gone = new AbortController()
    const onClose = (): void => gone.abort(new AppError('request.cancelled', 'the user has left'))
    socket.once('close', onClose)
    if (socket.destroyed) onClose()
    try {
      await using lease = await lender.take(peerOf(request), words, { signal: gone.signal })
      if (socket.destroyed) return
      socket.off('close', onClose)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${LEASE_PROTOCOL}\r\n\r\n`)
      await lease.serve(socket)
    } catch (thrown) {
      const refusal = toRefusal(thrown)
      if (refusal === undefined && !gone.signal.aborted) log.warn({ err: thrown }, 'a lease failed')
      const { code = 'worker.refused' } = refusal ?? {}
      answer(socket, STATUSES[code], refusal ?? { code, message: 'the worker could not be lent', notAllowed: false })
    }
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // An error that nobody listens to would end the process.
    socket.on('error', () => {})
    void lend(request, socket, head)
  })
}

/** The sockets of members carry the id that their connection has proven. */
function peerOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}

function toRefusal(thrown: unknown): Refusal | undefined {
  if (!(thrown instanceof AppError)) return undefined
  const { code, message, details } = thrown
  if (code !== 'worker.busy' && code !== 'worker.refused' && code !== 'worker.mismatch') return undefined
  return { code, message, notAllowed: details['notAllowed'] === true }
}

function answer(socket: Duplex, status: number, refusal: Refusal): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = toRefusalBody(refusal)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
