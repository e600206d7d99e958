import type { RequestSummary } from '../../../src/api/ui/event-schema.ts'

/** `/api/federation/requests/:id`; times are milliseconds since the request came. */
export interface Explanation extends RequestSummary {
  readonly decisions: readonly Decision[]
  readonly timeline: readonly Step[]
}

export interface Decision {
  readonly atMs: number
  readonly policy: string
  readonly looks: number
  readonly waitedMs: number
  readonly candidates: readonly Candidate[]
  readonly others: number
}

export interface Candidate {
  readonly peerId: string
  readonly name: string
  readonly local: boolean
  readonly busy: number
  readonly slots: number
  readonly loaded: boolean
  readonly roundTripMs?: number
  readonly prefixShare?: number
  readonly ejected: boolean
  readonly share: number
  readonly score?: number
}

interface Node {
  readonly peerId: string
  readonly name: string
}

export type Step =
  | { readonly type: 'try'; readonly atMs: number; readonly node: Node; readonly outcome: string; readonly ms: number }
  | { readonly type: 'hedge'; readonly atMs: number; readonly node: Node; readonly afterMs: number }
  | {
      readonly type: 'seam'
      readonly atMs: number
      readonly from: Node
      readonly to?: Node
      readonly cause: string
      readonly tokens: number
      readonly sentBytes: number
      readonly pauseMs: number
      readonly code?: string
    }
