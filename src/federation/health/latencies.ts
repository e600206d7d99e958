import { NewestMap } from '../../base/newest-map.ts'
import type { RequestFinished } from '../routing-events.ts'
import { hasSlowed, isSlowerThan, judgedAnew, NO_PACE, type Pace, type SlownessRules, withSample } from './slowness.ts'

/** How long nodes take, by model: for the first bytes of an answer, and for each token after. Bounded. */
export interface Latencies {
  /**
   * Takes in a finished answer; true when the node has become much slower than it was, unlike the others. Of one that had
   * `waited` for a slot the first bytes tell nothing.
   */
  learn(model: string, finished: RequestFinished, waited: boolean): boolean
  /** The node is trusted again: it is judged by what comes from now on. */
  judgeAnew(peerId: string): void
  forget(peerId: string): void
}

/** Models of one node whose pace is kept: the ones used last. */
const MAX_PACES = 64
/** Fewer tokens tell nothing of the pace. */
const LEAST_TOKENS = 8
const NONE = { tokens: 0, ms: 0 }

export function createLatencies(rules: SlownessRules): Latencies {
  const nodes = new Map<string, Map<string, Pace>>()

  function judge(peerId: string, what: string, ms: number): boolean {
    const own = nodes.get(peerId) ?? new NewestMap<string, Pace>(MAX_PACES)
    nodes.set(peerId, own)
    const pace = withSample(own.get(what) ?? NO_PACE, ms)
    own.set(what, pace)
    // Asked of the others only when there is something to compare.
    if (!hasSlowed(pace, rules)) return false
    const others = [...nodes].flatMap(([id, paces]) => (id === peerId ? [] : (paces.get(what) ?? [])))
    return isSlowerThan(pace, others, rules)
  }

  return {
    learn(model, { peerId, firstBytesMs, pace = NONE }, waited) {
      const first = !waited && judge(peerId, `first ${model}`, firstBytesMs)
      const next = pace.tokens >= LEAST_TOKENS && judge(peerId, `next ${model}`, pace.ms / (pace.tokens - 1))
      return first || next
    },
    judgeAnew(peerId) {
      const own = nodes.get(peerId)
      for (const [what, pace] of [...(own ?? [])]) own?.set(what, judgedAnew(pace))
    },
    forget: (peerId) => void nodes.delete(peerId),
  }
}
