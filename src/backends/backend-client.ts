import type { AbortOptions } from '../base/signals.ts'
import type { DetokenizeResponse__Output } from '../grpc/generated/backend/DetokenizeResponse.ts'
import type { EmbeddingResult__Output } from '../grpc/generated/backend/EmbeddingResult.ts'
import type { MetricsResponse__Output } from '../grpc/generated/backend/MetricsResponse.ts'
import type { PredictOptions } from '../grpc/generated/backend/PredictOptions.ts'
import type { Reply__Output } from '../grpc/generated/backend/Reply.ts'
import type { RerankRequest } from '../grpc/generated/backend/RerankRequest.ts'
import type { RerankResult__Output } from '../grpc/generated/backend/RerankResult.ts'
import type { StatusResponse__Output } from '../grpc/generated/backend/StatusResponse.ts'
import type { TokenizationResponse__Output } from '../grpc/generated/backend/TokenizationResponse.ts'
import type { GenerationTrailers } from '../grpc/trailers.ts'

/**
 * The calls that inference makes of a loaded backend. Failures are AppErrors: what the backend names in its
 * `localai-error-code` trailer, `backend.died` when the process or connection is gone, `backend.unsupported` for
 * UNIMPLEMENTED, `request.cancelled` never (an aborted signal rejects with its own reason), else `backend.failed`.
 */
export interface BackendClient {
  /** Pulled: the backend is read only as fast as the caller reads. Leaving early cancels the call. */
  predictStream(request: PredictOptions, options?: AbortOptions): AsyncGenerator<Reply__Output, GenerationTrailers>
  embedding(request: PredictOptions, options?: AbortOptions): Promise<EmbeddingResult__Output>
  tokenize(request: PredictOptions, options?: AbortOptions): Promise<TokenizationResponse__Output>
  detokenize(tokens: readonly number[], options?: AbortOptions): Promise<DetokenizeResponse__Output>
  rerank(request: RerankRequest, options?: AbortOptions): Promise<RerankResult__Output>
  status(options?: AbortOptions): Promise<StatusResponse__Output>
  metrics(options?: AbortOptions): Promise<MetricsResponse__Output>
}
