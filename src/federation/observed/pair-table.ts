import { type Average, average, NO_AVERAGE } from './average.ts'
import { type Crowding, lineOf, USUAL_CROWDING } from './crowding.ts'
import type { Seen } from './seen.ts'

/** One model on one node. */
export interface Pair {
  weight: number
  at: number
  requests: Average
  prompts: Average
  loads: Average
  crowding: Crowding | undefined
  /** First bytes of answers in one piece, and of streams. */
  readonly firstBytes: { whole: Average; stream: Average }
  /** Asked, and silent so far; the one that waits longest first. */
  readonly silent: Set<Silent>
}

export interface Silent {
  readonly since: number
  readonly streams: boolean
}

/** Of the newest value, once there are many. */
const NEWEST = 0.1
const MOST_WEIGHT = 32
/** Late is what comes later than the average and so many deviations (RFC 6298), and this. */
const LATE = { deviations: 4, ms: 50 }

export interface PairTable {
  get(peerId: string, model: string): Pair | undefined
  getOrAdd(peerId: string, model: string): Pair
}

/**
 * Of too many, the node that has most loses the one that was new longest ago: clients name models, and those of one node
 * must not push out what is known of the others.
 */
export function createPairTable(deps: { readonly now: () => number }, init: { readonly maxPairs: number }): PairTable {
  const nodes = new Map<string, Map<string, Pair>>()
  let count = 0

  function add(peerId: string, model: string): Pair {
    const pair: Pair = {
      ...{ weight: 0, at: deps.now(), requests: NO_AVERAGE, prompts: NO_AVERAGE, loads: NO_AVERAGE },
      crowding: undefined,
      firstBytes: { whole: NO_AVERAGE, stream: NO_AVERAGE },
      silent: new Set(),
    }
    const ofNode = nodes.get(peerId) ?? new Map<string, Pair>()
    nodes.delete(peerId)
    nodes.set(peerId, ofNode.set(model, pair))
    count += 1
    if (count > init.maxPairs) forgetOne()
    return pair
  }

  function forgetOne(): void {
    const [peerId, pairs] = [...nodes].reduce((most, one) => (one[1].size > most[1].size ? one : most))
    for (const model of pairs.keys()) {
      pairs.delete(model)
      break
    }
    if (pairs.size === 0) nodes.delete(peerId)
    count -= 1
  }

  return {
    get: (peerId, model) => nodes.get(peerId)?.get(model),
    getOrAdd: (peerId, model) => nodes.get(peerId)?.get(model) ?? add(peerId, model),
  }
}

/** What is left of a pair's weight. */
export function fadedWeight({ weight, at }: Pair, now: number, halfLifeMs: number): number {
  return weight * 2 ** ((at - now) / halfLifeMs)
}

/** The weight of the newest value beside so much that was seen before. */
export function newestWeight(before: number): number {
  return Math.max(NEWEST, 1 / (before + 1))
}

/** Counts one more request. Gives the weight of what it tells. */
export function grow(pair: Pair, now: number, halfLifeMs: number): number {
  const before = fadedWeight(pair, now, halfLifeMs)
  pair.weight = Math.min(MOST_WEIGHT, before + 1)
  pair.at = now
  return newestWeight(before)
}

export function noteAverage(known: Map<string, Average>, key: string, value: number): void {
  known.set(key, average(known.get(key) ?? NO_AVERAGE, value, NEWEST))
}

export function toSeen(pair: Pair, now: number, halfLifeMs: number): Seen {
  const line = pair.crowding === undefined ? undefined : lineOf(pair.crowding)
  return {
    weight: fadedWeight(pair, now, halfLifeMs),
    requestMs: pair.requests.mean,
    promptTokenMs: pair.prompts.mean,
    tokenMs: line?.aloneMs,
    crowding: line?.crowding ?? USUAL_CROWDING,
    loadMs: pair.loads.mean,
    overdueMs: overdueMs(pair, now),
  }
}

function overdueMs({ silent, firstBytes }: Pair, now: number): number {
  const [longest] = silent
  if (longest === undefined) return 0
  const { mean, deviation } = firstBytes[longest.streams ? 'stream' : 'whole']
  if (mean === undefined) return 0
  return Math.max(0, now - longest.since - mean - LATE.deviations * deviation - LATE.ms)
}
