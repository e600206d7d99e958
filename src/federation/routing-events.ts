import type { ErrorCode } from '../base/errors.ts'
import type { Candidate } from './policies/choose.ts'
import type { Attempt, RoutedRequest } from './routed-request.ts'

/**
 * What the router tells the log, the metrics, the traces, and whoever learns from it. Nothing of it waits for anybody, and
 * a listener that throws harms nobody. All of one request carry the same `request` object.
 */
export interface RoutingEvents {
  /** A policy has looked at the candidates, full ones included. Again for every try and every look from the queue. */
  considered(request: RoutedRequest, event: Considered): void
  /** A node was asked, and how that ended, up to the first bytes of its answer. `cause` is for the log only. */
  tried(request: RoutedRequest, attempt: Attempt, cause?: Error): void
  /** A second node was asked because the first token was late. `tried` tells how either ended. */
  hedged(
    request: RoutedRequest,
    event: { readonly peerId: string; readonly name: string; readonly afterMs: number },
  ): void
  /** The first bytes of an answer are there, or nobody has one, or it is to be served here. */
  routed(request: RoutedRequest, event: RequestRouted): void
  /** A node was lost in the middle of its answer, and what became of the rest. */
  seam(request: RoutedRequest, event: Seam): void
  /** An answer of another node has ended, well or not. */
  finished(request: RoutedRequest, event: RequestFinished): void
}

export interface Considered {
  /** The name of the policy. */
  readonly policy: string
  /** Best first; `score` is what the policy made of it, lower is better. */
  readonly order: readonly { readonly candidate: Candidate; readonly score?: number }[]
}

export interface RequestRouted {
  readonly to: 'local' | 'remote' | 'nobody'
  readonly attempts: readonly Attempt[]
  /** From the request's coming until it was handed over, waiting included. */
  readonly ms: number
  /** With `nobody`: why. */
  readonly code?: ErrorCode
}

export interface Seam {
  readonly from: { readonly peerId: string; readonly name: string }
  /** Absent: nobody could go on. */
  readonly to?: { readonly peerId: string; readonly name: string }
  readonly cause: 'lost' | 'stalled' | 'leaving'
  /** Tokens that were sampled before. */
  readonly tokens: number
  /** Bytes of the answer that the client had already. */
  readonly sentBytes: number
  /** From the last sign of the old node until the first new bytes. */
  readonly pauseMs: number
  /** Why it could not go on; absent when it could. */
  readonly code?: ErrorCode
}

export interface RequestFinished {
  readonly peerId: string
  readonly name: string
  /** `answered`: to its end. `lost`: broken off. `cancelled`: the client left, or this node stopped. */
  readonly outcome: 'answered' | 'lost' | 'cancelled'
  readonly status: number
  /** From the request's coming. */
  readonly ms: number
  /** From the node's being asked to the first bytes of the answer. */
  readonly firstBytesMs: number
  /** Tokens that the node told of; 0 where it tells none. */
  readonly tokens: number
  /** From the first token to the last. */
  readonly generationMs: number
  /**
   * The tokens of this node alone, and how long it took from its first to its last: of an answer that several have made the last
   * one's part. Absent when the client has kept it waiting, or when it tells no tokens.
   */
  readonly pace?: { readonly tokens: number; readonly ms: number } | undefined
}

/** One listener for several; what one of them throws is dropped. */
export function toAll(listeners: readonly Partial<RoutingEvents>[]): RoutingEvents {
  function tell<K extends keyof RoutingEvents>(name: K): RoutingEvents[K] {
    const told = listeners.filter((listener) => listener[name] !== undefined)
    const call = (...facts: readonly unknown[]): void => {
      for (const listener of told) {
        try {
          Reflect.apply(listener[name] as RoutingEvents[K], listener, facts)
        } catch {
          // Whoever only listens must not end a request.
        }
      }
    }
    return call as RoutingEvents[K]
  }
  return {
    considered: tell('considered'),
    tried: tell('tried'),
    hedged: tell('hedged'),
    routed: tell('routed'),
    seam: tell('seam'),
    finished: tell('finished'),
  }
}
