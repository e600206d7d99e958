import type { ErrorCode } from '../base/errors.ts'
import type { Attempt, RoutedRequest } from './routed-request.ts'

/** What the router tells the log and the metrics. Nothing of it waits for anybody. */
export interface RoutingEvents {
  /** A node was asked. `cause` is for the log only. */
  tried(request: RoutedRequest, attempt: Attempt, cause?: Error): void
  routed(request: RoutedRequest, event: RequestRouted): void
}

export interface RequestRouted {
  readonly to: 'local' | 'remote' | 'nobody'
  readonly attempts: readonly Attempt[]
  /** From the request's coming until it was handed over, waiting included. */
  readonly ms: number
  /** With `nobody`: why. */
  readonly code?: ErrorCode
}
