import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { createNodeLabels } from './node-labels.ts'

/** How one request was decided. */
export interface RequestDecided {
  /** Undefined: nobody was there to choose from. */
  readonly policy: string | undefined
  readonly to: 'local' | 'remote' | 'nobody'
  readonly queuedMs: number
  /** How much of the prompt the node was thought to keep computed, 0 to 1; undefined when nothing was known. */
  readonly prefixShare: number | undefined
  /** Until an answer began, or it was handed to this node's own models, or refused. */
  readonly ms: number
}

/** The decisions of a node that sends requests to others. */
export interface RoutingMetrics {
  /** To be followed by `requestDecided`. */
  requestCame(): void
  requestDecided(event: RequestDecided): void
  nodeTried(event: { readonly node: string; readonly outcome: string }): void
  /** `won`: the second node was the one that answered. */
  requestHedged(result: 'won' | 'lost'): void
  answerLost(event: { readonly cause: string; readonly result: 'continued' | 'ended'; readonly pauseMs: number }): void
  nodeEjected(why: string): void
  nodeReturned(): void
  /** So many looked sick that none is believed to be. */
  panicked(on: boolean): void
}

/**
 * Every series of the routing, with its labels. Names follow prometheus.io/docs/practices/naming; labels have few values: names
 * of nodes are bounded, all others come from closed lists.
 */
const SERIES = {
  decisions: {
    name: 'local_ai_routing_decisions_total',
    help: 'Requests by the policy that decided and where it sent them: local, remote, or nobody',
    labelNames: ['policy', 'to'],
  },
  decisionSeconds: {
    name: 'local_ai_routing_seconds',
    help: 'From the coming of a request to the first bytes of another node, or to its work here, or to its refusal',
    labelNames: ['to'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  queueSeconds: {
    name: 'local_ai_routing_queue_wait_seconds',
    help: 'Wait for a free node, 0 for those that found one at once',
    labelNames: [],
    buckets: [0.001, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  pending: {
    name: 'local_ai_routing_pending_requests',
    help: 'Requests that wait for a free node, or for the first bytes of one',
    labelNames: [],
  },
  prefixes: {
    name: 'local_ai_routing_prefix_total',
    help: 'Requests by whether their node was thought to keep some of their prompt computed: hit or miss',
    labelNames: ['result'],
  },
  tries: {
    name: 'local_ai_routing_tries_total',
    help: 'Nodes asked, and how that ended: answered, not-started, unreachable or broken',
    labelNames: ['node', 'outcome'],
  },
  hedges: {
    name: 'local_ai_routing_hedges_total',
    help: 'Second nodes asked because the first was late, by whether the second one answered first',
    labelNames: ['result'],
  },
  seams: {
    name: 'local_ai_routing_seams_total',
    help: 'Nodes lost in the middle of an answer, by why, and whether another node went on',
    labelNames: ['cause', 'result'],
  },
  ejections: {
    name: 'local_ai_routing_ejections_total',
    help: 'Nodes that got no more requests for a while, by why: failing or slow',
    labelNames: ['why'],
  },
  ejected: {
    name: 'local_ai_routing_ejected_nodes',
    help: 'Nodes that get no requests but probes now',
    labelNames: [],
  },
  panic: {
    name: 'local_ai_routing_panic',
    help: '1 while so many nodes look sick that all of them are asked',
    labelNames: [],
  },
  seamSeconds: {
    name: 'local_ai_routing_seam_pause_seconds',
    help: 'What the client saw of it: from the last sign of the lost node to the first new bytes',
    labelNames: [],
    buckets: [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30],
  },
} as const

interface Row {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
}

interface HistogramRow extends Row {
  readonly buckets: readonly number[]
}

export function createRoutingMetrics(registers: Registry[]): RoutingMetrics {
  const counter = (row: Row): Counter => new Counter({ ...row, registers })
  const gauge = (row: Row): Gauge => new Gauge({ ...row, registers })
  const histogram = (row: HistogramRow): Histogram => new Histogram({ ...row, buckets: [...row.buckets], registers })
  const decisions = counter(SERIES.decisions)
  const decisionSeconds = histogram(SERIES.decisionSeconds)
  const queueSeconds = histogram(SERIES.queueSeconds)
  const pending = gauge(SERIES.pending)
  const prefixes = counter(SERIES.prefixes)
  const tries = counter(SERIES.tries)
  const hedges = counter(SERIES.hedges)
  const seams = counter(SERIES.seams)
  const seamSeconds = histogram(SERIES.seamSeconds)
  const ejections = counter(SERIES.ejections)
  const ejected = gauge(SERIES.ejected)
  const panic = gauge(SERIES.panic)
  const nodes = createNodeLabels()
  return {
    requestCame: () => pending.inc(),
    requestDecided({ policy = 'none', to, queuedMs, prefixShare, ms }) {
      pending.dec()
      if (prefixShare !== undefined) prefixes.inc({ result: prefixShare > 0 ? 'hit' : 'miss' })
      decisions.inc({ policy, to })
      decisionSeconds.observe({ to }, ms / 1000)
      queueSeconds.observe(queuedMs / 1000)
    },
    nodeTried: ({ node, outcome }) => tries.inc({ node: nodes.labelOf(node), outcome }),
    requestHedged: (result) => hedges.inc({ result }),
    answerLost({ cause, result, pauseMs }) {
      seams.inc({ cause, result })
      if (result === 'continued') seamSeconds.observe(pauseMs / 1000)
    },
    nodeEjected(why) {
      ejections.inc({ why })
      ejected.inc()
    },
    nodeReturned: () => ejected.dec(),
    panicked: (on) => panic.set(on ? 1 : 0),
  }
}
