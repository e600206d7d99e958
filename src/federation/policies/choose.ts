import type { Standing } from '../health/node-health.ts'

/** A node that could serve a request now, or as soon as it has a free place. */
export interface Candidate {
  readonly peerId: string
  readonly name: string
  /** This node itself. */
  readonly local: boolean
  /** At least 1. */
  readonly slots: number
  /** Requests that run, wait or are on their way there; `bookings.ts` says how they are counted. */
  readonly busy: number
  /** The model, or one that will do, is in memory. */
  readonly loaded: boolean
  /** 0 for this node; undefined until it was measured. */
  readonly roundTripMs: number | undefined
  readonly standing: Standing
}

/**
 * The candidates in the order in which they should be asked; those that must not be asked are left out. Pure: equal
 * candidates and equal dice give equal orders. `random` gives numbers in [0, 1). Never throws.
 */
export type Choose = (candidates: readonly Candidate[], random: () => number) => readonly Candidate[]
