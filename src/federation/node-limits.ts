import { NewestMap } from '../base/newest-map.ts'
import type { RoutingEvents } from './routing-events.ts'

/** How many requests a node may have at the same time, learned from how soon it begins to answer. */
export interface NodeLimits extends Pick<RoutingEvents, 'tried'> {
  /** At least 1 for each slot, and no more than `most` for each. */
  requestsPerSlot(peerId: string): number
}

export interface NodeLimitsInit {
  /** What a node starts with. */
  readonly usual: number
  readonly most: number
  /** How much later than it could an answer may begin before fewer are sent. */
  readonly tolerance: number
}

export const LIMITS_DEFAULTS = { most: 2, tolerance: 3 } as const

/** What is known of one node. Times are logarithms of milliseconds: prompts differ by orders of magnitude. Immutable. */
export interface Limit {
  readonly perSlot: number
  /** Until the first bytes, over many answers: what its requests take there. */
  readonly long: number
  /** The same over the last few. */
  readonly short: number
  readonly samples: number
}

const LONG_WEIGHT = 0.02
const SHORT_WEIGHT = 0.25
/** Towards what the last times say, this much of the way. */
const STEP = 0.1
/** An answer takes at least this long in this reckoning: noise below it means nothing. */
const LEAST_MS = 50
const SAMPLES_FIRST = 10
const MAX_NODES = 1024

/**
 * The gradient rule of Netflix's concurrency-limits: while answers begin as soon as ever, the limit grows by a little;
 * when they begin much later, it shrinks in proportion. Pure.
 */
export function afterAnswer(limit: Limit, ms: number, init: NodeLimitsInit): Limit {
  const value = Math.log(Math.max(LEAST_MS, ms))
  const weight = (least: number): number => Math.max(least, 1 / (limit.samples + 1))
  const long = limit.long + weight(LONG_WEIGHT) * (value - limit.long)
  const short = limit.short + weight(SHORT_WEIGHT) * (value - limit.short)
  const samples = limit.samples + 1
  if (samples < SAMPLES_FIRST) return { ...limit, long, short, samples }
  const gradient = Math.max(0.5, Math.min(1, init.tolerance * Math.exp(long - short)))
  const wanted = gradient < 1 ? limit.perSlot * gradient : limit.perSlot + STEP
  return { long, short, samples, perSlot: within(limit.perSlot + STEP * (wanted - limit.perSlot), init) }
}

/** It said itself that it has too much. Pure. */
export function afterRefusal(limit: Limit, init: NodeLimitsInit): Limit {
  return { ...limit, perSlot: within(limit.perSlot * 0.8, init) }
}

function within(perSlot: number, { most }: NodeLimitsInit): number {
  return Math.max(1, Math.min(most, perSlot))
}

export function createNodeLimits(init: NodeLimitsInit): NodeLimits {
  /** In the order of their last use. */
  const limits = new NewestMap<string, Limit>(MAX_NODES)
  const start: Limit = { perSlot: init.usual, long: 0, short: 0, samples: 0 }

  return {
    requestsPerSlot: (peerId) => limits.get(peerId)?.perSlot ?? init.usual,
    tried(_request, { peerId, outcome, ms }) {
      const limit = limits.get(peerId) ?? start
      if (outcome === 'answered') limits.set(peerId, afterAnswer(limit, ms, init))
      else if (outcome === 'not-started') limits.set(peerId, afterRefusal(limit, init))
    },
  }
}
