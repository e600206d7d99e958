import type { ErrorCode } from '../../base/errors.ts'
import type { Attempt } from '../routed-request.ts'
import type { RequestRouted, Seam } from '../routing-events.ts'

/**
 * `answered` and `refused`: the client got the whole answer, with a status below 400 or not. `lost`: the answer broke off.
 * `cancelled`: the client left, or this node stopped. `unrouted`: nobody answered.
 */
export type RequestOutcome = 'answered' | 'refused' | 'lost' | 'cancelled' | 'unrouted'

/** What became of one request, in short. Times are in milliseconds since it came; what is not known yet is left out. */
export interface RequestSummary {
  /** The correlation id. Clients may choose theirs, so two requests can have the same one: the later one is shown. */
  readonly id: string
  readonly startedUnixMs: number
  readonly state: 'routing' | 'answering' | 'ended'
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly capability: string
  readonly model?: string
  /** A fingerprint of who asked; left out when nobody had to say. */
  readonly caller?: string
  readonly policy?: string
  readonly to?: RequestRouted['to']
  /** Whose answer the client got, the last one if there were several. */
  readonly node?: NodeName
  readonly outcome?: RequestOutcome
  readonly status?: number
  /** Why there was no answer, or no whole one. */
  readonly code?: ErrorCode
  readonly tries: number
  readonly hedges: number
  readonly seams: number
  /** How long it waited for a free node, all its waits together. */
  readonly queuedMs: number
  readonly firstBytesMs?: number
  readonly totalMs?: number
  readonly tokens?: number
  readonly tokensPerSecond?: number
}

/** Everything that is known of it: the answer to "why did it go there?". */
export interface Explanation extends RequestSummary {
  readonly decisions: readonly Decision[]
  readonly timeline: readonly Step[]
}

export interface NodeName {
  readonly peerId: string
  readonly name: string
}

/** A policy has looked at the candidates. Looks that follow each other while it waits for one of them are one decision. */
export interface Decision {
  readonly atMs: number
  readonly policy: string
  /** How often it looked. */
  readonly looks: number
  /** From the first look to the last: it waited in the queue. */
  readonly waitedMs: number
  /** As they were at the last look, best first. */
  readonly candidates: readonly ConsideredCandidate[]
  /** Those behind them that are not kept. */
  readonly others: number
}

export interface ConsideredCandidate extends NodeName {
  readonly local: boolean
  readonly busy: number
  readonly slots: number
  readonly loaded: boolean
  readonly roundTripMs?: number
  /** How much of the prompt it is thought to keep computed, 0 to 1. */
  readonly prefixShare?: number
  /** The server behind the node that has the model. */
  readonly upstream?: string
  readonly ejected: boolean
  /** Of the requests that it would get otherwise, above 0 and up to 1. */
  readonly share: number
  /** What the policy made of it; lower is better. */
  readonly score?: number
}

export type Step =
  | {
      readonly type: 'try'
      readonly atMs: number
      readonly node: NodeName
      readonly outcome: Attempt['outcome']
      readonly ms: number
    }
  | { readonly type: 'hedge'; readonly atMs: number; readonly node: NodeName; readonly afterMs: number }
  | {
      readonly type: 'seam'
      readonly atMs: number
      readonly from: NodeName
      readonly to?: NodeName
      readonly cause: Seam['cause']
      readonly tokens: number
      readonly sentBytes: number
      readonly pauseMs: number
      readonly code?: ErrorCode
    }
