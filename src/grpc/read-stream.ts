import type { ClientReadableStream } from '@grpc/grpc-js'
import type { AbortOptions } from '../base/signals.ts'

/**
 * A server-streaming call as an async iterable. The reader sets the pace; leaving the loop early,
 * or aborting the signal, cancels the call so that the backend stops generating.
 */
export async function* readStream<T>(call: ClientReadableStream<T>, options: AbortOptions = {}): AsyncGenerator<T> {
  const cancel = (): void => call.cancel()
  options.signal?.addEventListener('abort', cancel, { once: true })
  if (options.signal?.aborted === true) cancel()
  try {
    for await (const message of call) yield message as T
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', cancel)
    call.cancel()
  }
}
