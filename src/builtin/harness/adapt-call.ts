import { once } from 'node:events'
import type { handleServerStreamingCall, handleUnaryCall, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { toCallFailure } from '../../grpc/status.ts'
import { type GenerationTrailers, writeTrailers } from '../../grpc/trailers.ts'

/** An answer with facts that proto/backend.proto has no field for. */
export interface WithTrailers<T> {
  readonly value: T
  readonly trailers: GenerationTrailers
}

/** A unary RPC as a function. The signal aborts when the caller cancels or goes away. */
export function unary<Request, Response>(
  handle: (request: Request, options: Required<AbortOptions>) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return unaryWithTrailers(async (request, options) => ({ value: await handle(request, options), trailers: {} }))
}

export function unaryWithTrailers<Request, Response>(
  handle: (request: Request, options: Required<AbortOptions>) => Promise<WithTrailers<Response>>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const { signal } = cancellation(call)
    handle(call.request, { signal }).then(
      ({ value, trailers }) => callback(null, value, writeTrailers(trailers)),
      (error: unknown) => callback(toCallFailure(error)),
    )
  }
}

/**
 * A server-streaming RPC as a generator, whose return value becomes the trailers. The generator is pulled only as fast
 * as the client reads, and left at once when the client goes.
 */
export function serverStream<Request, Response>(
  handle: (request: Request, options: Required<AbortOptions>) => AsyncGenerator<Response, GenerationTrailers>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const { signal } = cancellation(call)
    pumpReplies(call, handle(call.request, { signal }), signal).then(
      (trailers) => call.end(writeTrailers(trailers)),
      (error: unknown) => call.emit('error', toCallFailure(error)),
    )
  }
}

async function pumpReplies<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  replies: AsyncGenerator<Response, GenerationTrailers>,
  signal: AbortSignal,
): Promise<GenerationTrailers> {
  try {
    for (;;) {
      signal.throwIfAborted()
      const next = await replies.next()
      if (next.done === true) return next.value
      if (!call.write(next.value)) await once(call, 'drain', { signal })
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    await replies.return({})
  }
}

function cancellation<Request, Response>(
  call: ServerUnaryCall<Request, Response> | ServerWritableStream<Request, Response>,
): AbortController {
  const cancelled = new AbortController()
  call.once('cancelled', () => cancelled.abort(new AppError('request.cancelled', 'the caller cancelled')))
  return cancelled
}
