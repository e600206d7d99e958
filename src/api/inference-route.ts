import type { FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { AppError } from '../base/errors.ts'
import type { UseCase } from '../models/use-cases.ts'
import type { Endpoint } from '../telemetry/metrics.ts'
import type { ErrorShape } from './error-shape.ts'

/** What a route says of itself to become one that any node of the network may answer. */
export interface InferenceRoute {
  readonly endpoint: Endpoint
  /** The use case a model needs for it, for requests that name no model. */
  readonly capability: UseCase
  /** The dialect's words for a stream that breaks off, its end included; absent when the route has no streams. */
  readonly brokenStream?: (error: AppError, requestId: string) => string
  /** An answer that has begun may be carried on by another node; a route that has this asks for `request.continuity`. */
  readonly carriesOn?: true
  /** Where a request names something that lives on one node: in its path, or in its body (also in objects of one type). */
  readonly home?: { readonly param: string } | { readonly field: string; readonly reference?: string }
  /**
   * The parameter of the path that names the model. Such a request needs no body, and asks what a node knows of its own
   * model: a node that has the model answers itself.
   */
  readonly model?: { readonly param: string }
  /** What to say when nobody has what a request names by `home` or `model`; an entry without models needs it. */
  readonly notHere?: (request: FastifyRequest) => AppError
}

/** The paths of one inference route, the same on every kind of node. */
export interface InferencePaths {
  readonly urls: readonly string[]
  /** Default: POST. */
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly config: {
    readonly inference: InferenceRoute
    readonly errorShape?: ErrorShape
    readonly form?: true
    readonly events?: TSchema
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    inference?: InferenceRoute
  }
}
