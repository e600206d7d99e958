import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { AppError } from '../base/errors.ts'

/** Waits until the client has read what was written, or is gone. One that reads nothing for too long is cut off: `request.cancelled`. */
export async function drained(
  response: ServerResponse,
  { stallTimeoutMs, signal }: { readonly stallTimeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const stalled = AbortSignal.timeout(stallTimeoutMs)
  const ended = new AbortController()
  const options = { signal: AbortSignal.any([signal, stalled, ended.signal]) }
  try {
    await Promise.race([once(response, 'drain', options), once(response, 'close', options)])
  } catch (error) {
    if (stalled.aborted) response.destroy()
    if (signal.aborted) throw signal.reason
    throw stalled.aborted
      ? new AppError('request.cancelled', 'the client has stopped reading', { cause: error })
      : error
  } finally {
    ended.abort()
  }
}
