import type { Standing } from '../health/node-health.ts'
import type { Seen } from '../observed/seen.ts'

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
  /** Of its model (`ModelAdvert.likeness`); undefined where nobody can tell. */
  readonly likeness?: string | undefined
  /** What the node says of the model: how fast it is there, and how large. Nobody has checked it. */
  readonly promptTokensPerSecond?: number | undefined
  readonly generationTokensPerSecond?: number | undefined
  readonly fileSizeBytes?: number | undefined
  /** A server behind the node has the model, and may fail where the node does not (`ModelAdvert.upstream`). */
  readonly upstream?: string | undefined
  /** What this entry has seen of the model there. */
  readonly seen?: Seen | undefined
  /** 0 to 1: how much of the prompt the node is thought to keep computed. */
  readonly prefixShare?: number | undefined
}

/** What is known of the request that looks for a node. */
export interface Question {
  /** Estimates: of what the prompt is, and of what the answer will be. */
  readonly promptTokens: number
  readonly answerTokens: number
  /** What belongs together and should meet the same node again (a conversation, a user). */
  readonly session?: string | undefined
  /** Counts the requests of its model. */
  readonly turn: number
  /** Numbers in [0, 1). */
  readonly random: () => number
}

export interface Ranked {
  readonly candidate: Candidate
  /** Lower is better; comparable within one order only. Absent where the policy weighs nothing. */
  readonly score?: number
}

/**
 * Puts candidates into the order in which they should be asked; those that must not be asked are left out, and ejected
 * ones come last. Pure: equal candidates, questions and dice give equal orders. Never throws.
 */
export interface Policy {
  readonly name: string
  order(candidates: readonly Candidate[], question: Question): readonly Ranked[]
}
