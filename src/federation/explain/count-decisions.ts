import type { RoutingMetrics } from '../../telemetry/routing-metrics.ts'
import type { RoutingEvents } from '../routing-events.ts'
import type { StoryListener } from './create-explainer.ts'

type Counted = Pick<RoutingMetrics, 'requestCame' | 'requestDecided' | 'nodeTried' | 'requestHedged' | 'answerLost'>

/** Every single thing that the router does, in numbers. */
export function countEvents(metrics: Counted): Partial<RoutingEvents> {
  return {
    tried: (_request, { name, outcome }) => metrics.nodeTried({ node: name, outcome }),
    seam(_request, { cause, to, pauseMs }) {
      metrics.answerLost({ cause, result: to === undefined ? 'ended' : 'continued', pauseMs })
    },
  }
}

/** What it takes the whole story of a request to count. */
export function countStories(metrics: Counted): StoryListener {
  return {
    came: () => metrics.requestCame(),
    routed({ decisions, routed, timeline, node }) {
      if (routed === undefined) return
      const { to, ms, queuedMs } = routed
      const last = decisions.at(-1)
      const chosen = last?.order.find(({ candidate }) => candidate.peerId === node?.peerId)?.candidate
      metrics.requestDecided({ policy: last?.policy, to, ms, queuedMs, prefixShare: chosen?.prefixShare })
      for (const step of timeline) {
        if (step.type === 'hedge') metrics.requestHedged(step.node.peerId === node?.peerId ? 'won' : 'lost')
      }
    },
  }
}
