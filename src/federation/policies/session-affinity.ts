import { crc32 } from 'node:zlib'
import type { Candidate, Policy, Ranked } from './choose.ts'
import { withFirst } from './in-order.ts'

export interface SessionAffinityInit {
  /** A session's own node is left when its score is so many times the best one's. Infinity: never for that. */
  readonly maxRatio: number
}

/**
 * What belongs to one session goes to the same node, while that has a free slot. Which one it is follows from the names
 * alone (rendezvous hashing, weighted by slots: Thaler and Ravishankar 1998), so all entries agree without a word, and a
 * node that comes or goes moves no more sessions than its own.
 */
export function sessionAffinity(base: Policy, { maxRatio }: SessionAffinityInit): Policy {
  return {
    name: `${base.name}+session`,
    order(candidates, question) {
      const order = base.order(candidates, question)
      const { session } = question
      const [best] = order
      if (session === undefined || best === undefined) return order
      const own = ownOf(order, session)
      if (own === undefined || own.candidate.busy >= own.candidate.slots) return order
      return (own.score ?? 0) > (best.score ?? 0) * maxRatio ? order : withFirst(order, own)
    },
  }
}

function ownOf(order: readonly Ranked[], session: string): Ranked | undefined {
  const seed = crc32(session)
  let own: Ranked | undefined
  let highest = Number.NEGATIVE_INFINITY
  for (const one of order) {
    if (!one.candidate.loaded || one.candidate.standing.ejected) continue
    const lot = lotOf(one.candidate, seed)
    if (lot <= highest) continue
    highest = lot
    own = one
  }
  return own
}

/** -w / ln(u): the highest of these is each node's with the probability of its weight. */
function lotOf({ peerId, slots }: Candidate, seed: number): number {
  return -slots / Math.log((mix(crc32(peerId, seed)) + 0.5) / 2 ** 32)
}

/** CRC is linear, which is too regular for lots; the finisher of MurmurHash3. */
function mix(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return (twice ^ (twice >>> 16)) >>> 0
}
