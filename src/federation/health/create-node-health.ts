import type { RoutedRequest } from '../routed-request.ts'
import type { RoutingEvents } from '../routing-events.ts'
import { createLatencies } from './latencies.ts'
import type { NodeHealth } from './node-health.ts'
import type { SlownessRules } from './slowness.ts'
import { isIllness } from './unwell.ts'
import { createWard, type NodeHealthEvents, type WardInit } from './ward.ts'

export interface NodeHealthDeps {
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number
  readonly events?: Partial<NodeHealthEvents>
}

export interface NodeHealthInit extends WardInit {
  readonly slowness: SlownessRules
}

export const HEALTH_DEFAULTS: NodeHealthInit = {
  rules: {
    failuresInRow: 3,
    failureRate: 0.5,
    rateOutcomes: 10,
    forgetMs: 60_000,
    ejectionMs: 2000,
    maxEjectionMs: 60_000,
    strikeMs: 60_000,
    probeTimeoutMs: 15_000,
    slowStartMs: 10_000,
    slowStartAnswers: 20,
    leastShare: 0.1,
  },
  slowness: { historySamples: 20, recentSamples: 6, factor: 4, factorOfOthers: 3, leastMs: 20 },
  maxEjectedShare: 0.5,
  settleMs: 10_000,
  awayMs: 5000,
}

/**
 * Outlier detection, as load balancers do it: who fails, or has become slow beyond its own past and the others' present,
 * gets nothing but single probes, further and further apart, and after one that went well at first only a part of its
 * share. Learns from what the router tells. Keeps no timers: time is looked at when somebody asks.
 */
export function createNodeHealth(
  { now, events = {} }: NodeHealthDeps,
  init: NodeHealthInit,
): NodeHealth & Pick<RoutingEvents, 'considered' | 'tried' | 'seam' | 'finished'> {
  const latencies = createLatencies(init.slowness)
  const { note, isThere, ...health } = createWard(
    { now, events, onFreshStart: latencies.judgeAnew, onForgotten: latencies.forget },
    init,
  )
  /** Requests whose broken answers were told of as seams. */
  const seamed = new WeakSet<RoutedRequest>()
  /** The nodes that had no free slot when the request looked for one. */
  const full = new WeakMap<RoutedRequest, Set<string>>()
  const waitedAt = (request: RoutedRequest, peerId: string): boolean => full.get(request)?.has(peerId) === true
  return {
    ...health,
    considered(request, { order }) {
      const names = full.get(request) ?? new Set()
      full.set(request, names)
      for (const { candidate } of order) if (candidate.busy >= candidate.slots) names.add(candidate.peerId)
    },
    tried(request, { peerId, outcome }, cause) {
      // Late is also who is merely busy.
      if (outcome === 'late' && waitedAt(request, peerId)) return
      if (outcome === 'unreachable' || outcome === 'broken' || outcome === 'late') note(peerId, 'unanswered')
      else if (outcome === 'not-started' && isIllness(cause)) note(peerId, 'unanswered')
      // It answers, and what it says is no sign of an illness.
      else note(peerId, 'began')
    },
    seam(request, { from, cause }) {
      seamed.add(request)
      // A node that really leaves takes nothing new. One that gives up an answer and stays is not well.
      if (cause !== 'leaving' || isThere(from.peerId)) note(from.peerId, 'cut-short')
    },
    finished(request, finished) {
      const { peerId, outcome, status } = finished
      // A node that fails fast looks idle and would get everything.
      if (outcome === 'lost' ? !seamed.has(request) : status >= 500) note(peerId, 'cut-short')
      else if (outcome === 'answered') {
        note(peerId, 'ended')
        // What came late because it had to wait there says how busy the node is, not how well.
        const slow = status < 400 && latencies.learn(request.model ?? '', finished, waitedAt(request, peerId))
        if (status < 400) note(peerId, slow ? 'slow' : 'steady')
      }
    },
  }
}
