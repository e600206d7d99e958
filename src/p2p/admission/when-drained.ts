import type { MessageStream, StreamCloseEvent } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'

/**
 * Resolves once the stream takes data again after `send` returned false; at once when it needs no rest.
 * Rejects with the stream's own error, with `peer.unreachable` when it closed without one, or with the signal's reason.
 *
 * The library's `onDrain()` serves only once: its promise is made for the first rest and never renewed, so every later
 * call returns immediately and a writer that trusts it buffers without bound.
 */
export function whenDrained(stream: MessageStream, options: AbortOptions = {}): Promise<void> {
  const { signal } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    if (isOver(stream)) return reject(closedError())
    if (!stream.writableNeedsDrain) return resolve()

    function settle(): void {
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
      signal?.removeEventListener('abort', onAbort)
    }
    function onDrain(): void {
      // On this event the stream first sends what it had kept back, in a microtask of its own that was queued before this
      // one. That may fill the way again: then the next event counts.
      queueMicrotask(() => {
        if (stream.writableNeedsDrain || isOver(stream)) return
        settle()
        resolve()
      })
    }
    function onClose(event: StreamCloseEvent): void {
      settle()
      reject(event.error ?? closedError())
    }
    function onAbort(): void {
      settle()
      reject(signal?.reason)
    }
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
    signal?.addEventListener('abort', onAbort)
  })
}

function isOver(stream: MessageStream): boolean {
  return stream.status === 'closed' || stream.status === 'aborted' || stream.status === 'reset'
}

function closedError(): AppError {
  return new AppError('peer.unreachable', 'the stream was closed before it had taken what was written')
}
