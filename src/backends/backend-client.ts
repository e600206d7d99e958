import { type ChannelInterface, connectivityState, credentials, Metadata } from '@grpc/grpc-js'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { DetokenizeResponse__Output } from '../grpc/generated/backend/DetokenizeResponse.ts'
import type { EmbeddingResult__Output } from '../grpc/generated/backend/EmbeddingResult.ts'
import type { MetricsResponse__Output } from '../grpc/generated/backend/MetricsResponse.ts'
import type { ModelOptions } from '../grpc/generated/backend/ModelOptions.ts'
import type { PredictOptions } from '../grpc/generated/backend/PredictOptions.ts'
import type { Reply__Output } from '../grpc/generated/backend/Reply.ts'
import type { RerankRequest } from '../grpc/generated/backend/RerankRequest.ts'
import type { RerankResult__Output } from '../grpc/generated/backend/RerankResult.ts'
import type { Result__Output } from '../grpc/generated/backend/Result.ts'
import type { StatusResponse__Output } from '../grpc/generated/backend/StatusResponse.ts'
import type { TokenizationResponse__Output } from '../grpc/generated/backend/TokenizationResponse.ts'
import { loadBackendService, WIRE_OPTIONS } from '../grpc/load-proto.ts'
import { readStream } from '../grpc/read-stream.ts'
import { type GenerationTrailers, readTrailers } from '../grpc/trailers.ts'
import { type BackendCallsInit, completeTrailers, createBackendCalls, toLoadError } from './backend-calls.ts'
import { createMediaClient, type MediaClient } from './media-client.ts'

/**
 * The calls that inference makes of a loaded backend. Failures are AppErrors: what the backend names in its
 * `localai-error-code` trailer, `backend.died` when the process or connection is gone, `backend.unsupported` for
 * UNIMPLEMENTED, `request.cancelled` never (an aborted signal rejects with its own reason), else `backend.failed`.
 */
export interface BackendClient extends MediaClient {
  /** Pulled: the backend is read only as fast as the caller reads. Leaving early cancels the call. */
  predictStream(request: PredictOptions, options?: AbortOptions): AsyncGenerator<Reply__Output, GenerationTrailers>
  embedding(request: PredictOptions, options?: AbortOptions): Promise<EmbeddingResult__Output>
  tokenize(request: PredictOptions, options?: AbortOptions): Promise<TokenizationResponse__Output>
  detokenize(tokens: readonly number[], options?: AbortOptions): Promise<DetokenizeResponse__Output>
  rerank(request: RerankRequest, options?: AbortOptions): Promise<RerankResult__Output>
  status(options?: AbortOptions): Promise<StatusResponse__Output>
  metrics(options?: AbortOptions): Promise<MetricsResponse__Output>
}

/** What the loader needs beyond inference: the life of the backend itself. */
export interface ManagedBackendClient extends BackendClient {
  /** True when the backend answers `OK`: it is up, though it may have no model yet. */
  health(options?: AbortOptions): Promise<boolean>
  /** Rejects with `backend.load-failed` (or the code that the backend names) and LocalAI's wording. */
  loadModel(options: ModelOptions, abort?: AbortOptions): Promise<void>
  /** Asks the backend to give back its memory. A backend that knows no such call is fine. */
  free(options?: AbortOptions): Promise<void>
  /** Calls back once, when an established connection is lost or closed. */
  onDisconnect(callback: () => void): void
  /** Ends the channel and every call on it; those reject with what `onLost` says. */
  close(): void
}

/** Deadlines of calls without the caller's signal. */
const QUICK_MS = 10_000
const WORK_MS = 10 * 60_000

const CHANNEL_OPTIONS = {
  ...WIRE_OPTIONS,
  // One backend, one connection: no proxy of the environment, no retries or service configuration behind our back.
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  // A backend that is starting refuses connections until it listens: look again soon.
  'grpc.initial_reconnect_backoff_ms': 20,
  'grpc.max_reconnect_backoff_ms': 250,
  // An idle connection stays, so that losing it always means that the other end went away.
  'grpc.client_idle_timeout_ms': 2 ** 31 - 1,
} as const

/** Reading the proto takes some 80 ms and its result never changes: once per process, at first use. */
let service: ReturnType<typeof loadBackendService> | undefined

/**
 * A backend at `unix:/path` or `host:port`, over one HTTP/2 channel that connects at the first call.
 * A stream without a signal has no deadline: it ends when its reader leaves.
 */
export function createBackendClient(address: string, init: BackendCallsInit = {}): ManagedBackendClient {
  service ??= loadBackendService()
  const stub = new service(address, credentials.createInsecure(), CHANNEL_OPTIONS)
  const calls = createBackendCalls(init)
  const { unary } = calls
  // Probes ask whether the backend is lost; they must not start the search for the reason.
  const probes = createBackendCalls({})
  return {
    ...createMediaClient(stub, calls),
    async *predictStream(request, options = {}) {
      options.signal?.throwIfAborted()
      const call = stub.PredictStream(request)
      let trailing = new Metadata()
      call.on('status', (ended) => {
        trailing = ended.metadata
      })
      const seen = { tokens: 0, toolCalls: false }
      calls.running.add(call)
      try {
        for await (const reply of readStream(call, options)) {
          seen.tokens = Math.max(seen.tokens, reply.tokens)
          seen.toolCalls ||= reply.chat_deltas.some((delta) => delta.tool_calls.length > 0)
          yield reply
        }
      } catch (error) {
        throw await calls.toError(error, options)
      } finally {
        calls.running.delete(call)
      }
      return completeTrailers(readTrailers(trailing), { ...seen, maxTokens: request.Tokens ?? 0 })
    },
    embedding: (request, options = {}) =>
      unary((limit, done) => stub.Embedding(request, limit, done), options, WORK_MS),
    tokenize: (request, options = {}) =>
      unary((limit, done) => stub.TokenizeString(request, limit, done), options, QUICK_MS),
    detokenize: (tokens, options = {}) =>
      unary((limit, done) => stub.Detokenize({ tokens: [...tokens] }, limit, done), options, QUICK_MS),
    rerank: (request, options = {}) => unary((limit, done) => stub.Rerank(request, limit, done), options, WORK_MS),
    status: (options = {}) => unary((limit, done) => stub.Status({}, limit, done), options, QUICK_MS),
    metrics: (options = {}) => unary((limit, done) => stub.GetMetrics({}, limit, done), options, QUICK_MS),
    async health(options = {}) {
      const reply = await probes.unary<Reply__Output>((limit, done) => stub.Health({}, limit, done), options, QUICK_MS)
      return reply.message.toString('utf8') === 'OK'
    },
    async loadModel(model, options = {}) {
      const result = await unary<Result__Output>(
        (limit, done) => stub.LoadModel(model, limit, done),
        options,
        WORK_MS,
      ).catch((error: unknown) => {
        options.signal?.throwIfAborted()
        throw toLoadError(error)
      })
      if (result.success) return
      throw new AppError('backend.load-failed', `could not load model (no success): ${result.message}`)
    },
    async free(options = {}) {
      try {
        await unary((limit, done) => stub.Free({}, limit, done), options, QUICK_MS)
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'backend.unsupported')) throw error
      }
    },
    onDisconnect: (callback) => watchConnection(stub.getChannel(), callback),
    close() {
      calls.end()
      probes.end()
      stub.close()
    },
  }
}

function watchConnection(channel: ChannelInterface, callback: () => void): void {
  let connected = false
  const look = (): void => {
    const state = channel.getConnectivityState(false)
    const gone = state === connectivityState.SHUTDOWN || (connected && state !== connectivityState.READY)
    connected ||= state === connectivityState.READY
    if (gone) callback()
    else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look)
  }
  look()
}
