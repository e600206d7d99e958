import type { AppError } from '../base/errors.ts'
import type { Endpoint } from '../telemetry/metrics.ts'

/** What a route says of itself to become one that any node of the network may answer. */
export interface InferenceRoute {
  readonly endpoint: Endpoint
  /** The use case a model needs for it, for requests that name no model. */
  readonly capability: 'chat' | 'completion' | 'embeddings' | 'tokenize'
  /** The dialect's words for a stream that breaks off, its end included; absent when the route has no streams. */
  readonly brokenStream?: (error: AppError, requestId: string) => string
}

/** The paths of one inference route, the same on every kind of node. All are POST. */
export interface InferencePaths {
  readonly urls: readonly string[]
  readonly config: { readonly inference: InferenceRoute }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    inference?: InferenceRoute
  }
}
