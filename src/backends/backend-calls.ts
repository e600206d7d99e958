import { type CallOptions, Metadata, type requestCallback, type ServiceError, status } from '@grpc/grpc-js'
import { AppError, type ErrorCode } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import { type FailureTrailers, type GenerationTrailers, readTrailers } from '../grpc/trailers.ts'

export interface BackendCallsInit {
  /** Turns the loss of the backend into the error that its running calls get. */
  readonly onLost?: (cause: Error, code: ErrorCode | undefined) => Promise<AppError>
}

interface Cancellable {
  cancel(): void
}

/** What all calls of one channel share: they can be ended together, and they fail in our words. */
export interface BackendCalls {
  /** Runs a unary call until it answers, the caller's signal aborts or, without a signal, the deadline passes. */
  unary<Answer>(
    start: (options: CallOptions, done: requestCallback<Answer>) => Cancellable,
    options: AbortOptions,
    deadlineMs: number,
  ): Promise<Answer>
  readonly running: Set<Cancellable>
  /** The error to throw for what a call threw. Throws the signal's reason when that is the cause. */
  toError(thrown: unknown, options: AbortOptions): Promise<AppError>
  /** Cancels what runs; those calls are lost, not cancelled, as far as their callers know. */
  end(): void
}

/** The codes that a backend may name; any other word from outside counts as `backend.failed`. */
const BACKEND_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'request.invalid',
  'request.unsupported',
  'request.too-large',
  'request.context-exceeded',
  'model.busy',
  'model.config-invalid',
  'model.file-invalid',
  'backend.load-failed',
  'backend.died',
  'backend.unsupported',
  'backend.failed',
  'node.overloaded',
])

export function createBackendCalls(init: BackendCallsInit): BackendCalls {
  const running = new Set<Cancellable>()
  let ended = false

  async function toError(thrown: unknown, options: AbortOptions): Promise<AppError> {
    options.signal?.throwIfAborted()
    const failure = toCallFailure(thrown)
    const lost = ended || failure.status === status.UNAVAILABLE || failure.code === 'backend.died'
    if (lost && init.onLost !== undefined) return await init.onLost(failure.error, failure.code)
    return new AppError(lost ? 'backend.died' : (failure.code ?? 'backend.failed'), failure.message, {
      cause: failure.error,
    })
  }

  return {
    running,
    toError,
    async unary<Answer>(
      start: (options: CallOptions, done: requestCallback<Answer>) => Cancellable,
      options: AbortOptions,
      deadlineMs: number,
    ): Promise<Answer> {
      options.signal?.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      const call = start(options.signal === undefined ? { deadline: Date.now() + deadlineMs } : {}, (error, answer) => {
        if (error !== null) reject(error)
        else if (answer === undefined) reject(new Error('the backend answered nothing'))
        else resolve(answer)
      })
      const cancel = (): void => call.cancel()
      options.signal?.addEventListener('abort', cancel, { once: true })
      running.add(call)
      try {
        return await promise
      } catch (error) {
        throw await toError(error, options)
      } finally {
        running.delete(call)
        options.signal?.removeEventListener('abort', cancel)
      }
    },
    end() {
      ended = true
      for (const call of running) call.cancel()
    },
  }
}

/** A LocalAI backend says nothing about the end of its answer; what it sent tells most of it. */
export function completeTrailers(
  trailers: GenerationTrailers & FailureTrailers,
  seen: { readonly tokens: number; readonly toolCalls: boolean; readonly maxTokens: number },
): GenerationTrailers {
  const { errorCode: _, cachedTokens, ...rest } = trailers
  const counted = cachedTokens !== undefined && Number.isSafeInteger(cachedTokens) && cachedTokens >= 0
  const known = counted ? { ...rest, cachedTokens } : rest
  if (known.finishReason !== undefined) return known
  if (seen.toolCalls) return { ...known, finishReason: 'tool-calls' }
  return { ...known, finishReason: seen.maxTokens > 0 && seen.tokens >= seen.maxTokens ? 'length' : 'stop' }
}

/** What says less than that the load failed. */
const VAGUE_CODES: ReadonlySet<ErrorCode> = new Set([
  'backend.failed',
  'backend.unsupported',
  'backend.died',
  'internal',
])

/** LocalAI's wording around whatever kept a model from loading. */
export function toLoadError(error: unknown): AppError {
  const known = AppError.from(error, 'backend.load-failed')
  const vague = VAGUE_CODES.has(known.code)
  return new AppError(vague ? 'backend.load-failed' : known.code, `could not load model: ${known.message}`, {
    details: known.details,
    cause: error,
  })
}

interface CallFailure {
  readonly error: Error
  readonly message: string
  readonly status?: status
  readonly code?: ErrorCode
}

function toCallFailure(thrown: unknown): CallFailure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (!isServiceError(error)) return { error, message: error.message }
  const named = readTrailers(error.metadata).errorCode
  const code = isBackendCode(named) ? named : codeOf(error.code)
  return { error, message: error.details, status: error.code, ...(code === undefined ? {} : { code }) }
}

function isServiceError(error: Error): error is ServiceError {
  return 'metadata' in error && error.metadata instanceof Metadata && 'details' in error
}

function isBackendCode(name: string | undefined): name is ErrorCode {
  return name !== undefined && BACKEND_CODES.has(name)
}

function codeOf(code: status): ErrorCode | undefined {
  return code === status.UNIMPLEMENTED ? 'backend.unsupported' : undefined
}
