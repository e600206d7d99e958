import type { UpstreamKind } from './dialects.ts'

/** How it is known what a model can do: the server says so, it was tried, or its name says it. */
export type CapabilitySource = 'told' | 'tried' | 'guessed'

export interface UpstreamModel {
  /** As the server calls it. */
  readonly id: string
  /** Use cases, as `models/use-cases.ts` has them. */
  readonly capabilities: readonly string[]
  readonly source: CapabilitySource
  readonly contextSize?: number
  /** Unix seconds. */
  readonly created?: number
}

/** What was found at the other end. */
export interface UpstreamFindings {
  readonly kind: UpstreamKind
  readonly version?: string
  readonly models: readonly UpstreamModel[]
  /** Models that are there and not served, since there are too many. */
  readonly left: number
  /** Answers at the same time; absent: the server does not say. */
  readonly slots?: number
}
