import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { LEASE_PATH, LEASE_PROTOCOL, type LeaseWords, parseRefusal, toLeaseHeaders } from './lease-words.ts'

/** Beside the time that the user is ready to wait: the way, and the start of a worker. */
const GRACE_MS = 15_000
const MAX_REFUSAL_BYTES = 4096

/**
 * Asks a member for its worker on a fresh connection, which afterwards speaks ggml's RPC. Throws what the member refuses
 * with (`details.notAllowed` where it never will be otherwise), `peer.unreachable`, or the signal's reason.
 */
export async function askPeer(socket: Duplex, words: LeaseWords, { signal }: AbortOptions): Promise<Duplex> {
  socket.on('error', () => {})
  const answer = Promise.withResolvers<Duplex>()
  // undici gives no body with a refused upgrade, and the body says why.
  const request = httpRequest({
    createConnection: () => socket,
    host: 'peer',
    method: 'POST',
    path: LEASE_PATH,
    headers: { ...toLeaseHeaders(words), connection: 'Upgrade', upgrade: LEASE_PROTOCOL },
  })
  request.once('upgrade', (_response: IncomingMessage, upgraded: Duplex, head: Buffer) => {
    if (head.length > 0) upgraded.unshift(head)
    answer.resolve(upgraded)
  })
  request.once('response', (response) => readRefusal(response).then(answer.reject, answer.reject))
  request.once('error', (cause) => answer.reject(lost(cause)))
  request.once('close', () => answer.reject(lost(undefined)))
  const onAbort = (): void => answer.reject(signal?.reason)
  const late = setTimeout(() => answer.reject(lost('no answer in time')), words.waitMs + GRACE_MS)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted === true) onAbort()
  try {
    request.end()
    return await answer.promise
  } catch (error) {
    request.destroy()
    socket.destroy()
    throw error
  } finally {
    clearTimeout(late)
    signal?.removeEventListener('abort', onAbort)
  }
}

function lost(cause: unknown): AppError {
  return new AppError('peer.unreachable', 'the node that lends the worker did not answer', { cause })
}

async function readRefusal(response: IncomingMessage): Promise<AppError> {
  let text = ''
  for await (const bytes of response) {
    text += String(bytes)
    if (text.length > MAX_REFUSAL_BYTES) break
  }
  const refusal = parseRefusal(text)
  if (refusal === undefined) return new AppError('worker.refused', 'the node does not lend its memory')
  const { code, message, notAllowed } = refusal
  return new AppError(code, message, { details: { notAllowed } })
}
