import type { ServerResponse } from 'node:http'
import { AppError } from '../base/errors.ts'

/**
 * Waits until the client has read what was written, or is gone. One that reads nothing for too long is cut off: `request.cancelled`.
 * HOT PATH with a client that reads slowly: once for each piece, so it leaves no timer behind that would be due much later.
 */
export async function drained(
  response: ServerResponse,
  { stallTimeoutMs, signal }: { readonly stallTimeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted()
  // Its `close` has come already.
  if (response.destroyed) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => reject(signal.reason)
  const stalled = setTimeout(() => {
    response.destroy()
    reject(new AppError('request.cancelled', 'the client has stopped reading'))
  }, stallTimeoutMs).unref()
  response.once('drain', resolve)
  response.once('close', resolve)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await promise
  } finally {
    clearTimeout(stalled)
    response.off('drain', resolve)
    response.off('close', resolve)
    signal.removeEventListener('abort', onAbort)
  }
}
