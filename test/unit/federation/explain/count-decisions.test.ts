import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countEvents, countStories } from '../../../../src/federation/explain/count-decisions.ts'
import { createExplainer, EXPLAINER_DEFAULTS } from '../../../../src/federation/explain/create-explainer.ts'
import type { RoutedRequest } from '../../../../src/federation/routed-request.ts'
import { toAll } from '../../../../src/federation/routing-events.ts'
import { createMetrics } from '../../../../src/telemetry/metrics.ts'
import { makeCandidate } from '../make-candidate.ts'

const REQUEST: Omit<RoutedRequest, 'id'> = {
  ...{ method: 'POST', target: '/v1/chat/completions', headers: {}, body: undefined, model: 'm', capability: 'chat' },
}
const A = { peerId: 'id-a', name: 'a' }
const B = { peerId: 'id-b', name: 'b' }

describe('the numbers of the routing', () => {
  it('are those of what happened', async () => {
    const metrics = createMetrics({ log: { info: () => {} } }, { processMetrics: false })
    const clock = { ms: 0 }
    const { events } = createExplainer(
      { self: A, now: () => clock.ms, unixNow: () => 0, listeners: [countStories(metrics)] },
      EXPLAINER_DEFAULTS,
    )
    const router = toAll([events, countEvents(metrics)])
    const series = async (): Promise<Record<string, number>> => {
      const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('local_ai_routing_'))
      return Object.fromEntries(
        lines.map((line) => [line.slice(17, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
      )
    }

    const hedged: RoutedRequest = { ...REQUEST, id: 'hedged' }
    const order = [
      { candidate: makeCandidate('a', { ...A, prefixShare: 0 }) },
      { candidate: makeCandidate('b', { ...B, prefixShare: 0.5 }) },
    ]
    router.considered(hedged, { policy: 'weighted', order })
    assert.equal((await series())['pending_requests'], 1)
    clock.ms = 2000
    router.considered(hedged, { policy: 'weighted', order })
    router.hedged(hedged, { ...B, afterMs: 500 })
    const attempts = [
      { ...A, outcome: 'late', ms: 700 },
      { ...B, outcome: 'answered', ms: 200 },
    ] as const
    for (const attempt of attempts) router.tried(hedged, attempt)
    router.routed(hedged, { to: 'remote', attempts, ms: 2700 })
    router.seam(hedged, { from: B, to: A, cause: 'lost', tokens: 1, sentBytes: 1, pauseMs: 400 })
    router.seam(hedged, { from: A, cause: 'stalled', tokens: 1, sentBytes: 1, pauseMs: 9000, code: 'peer.unreachable' })

    router.routed({ ...REQUEST, id: 'none' }, { to: 'nobody', attempts: [], ms: 1, code: 'network.model-not-found' })
    metrics.nodeEjected('slow')
    metrics.nodeEjected('failing')
    metrics.nodeReturned()
    metrics.panicked(true)

    const found = await series()
    const expected = {
      'decisions_total{policy="weighted",to="remote"}': 1,
      'decisions_total{policy="none",to="nobody"}': 1,
      'seconds_sum{to="remote"}': 2.7,
      queue_wait_seconds_sum: 2,
      queue_wait_seconds_count: 2,
      pending_requests: 0,
      'prefix_total{result="hit"}': 1,
      'tries_total{node="a",outcome="late"}': 1,
      'tries_total{node="b",outcome="answered"}': 1,
      'hedges_total{result="won"}': 1,
      'seams_total{cause="lost",result="continued"}': 1,
      'seams_total{cause="stalled",result="ended"}': 1,
      seam_pause_seconds_sum: 0.4,
      seam_pause_seconds_count: 1,
      'ejections_total{why="slow"}': 1,
      ejected_nodes: 1,
      panic: 1,
    }
    for (const [name, value] of Object.entries(expected)) assert.equal(found[name], value, name)
    assert.equal(found['prefix_total{result="miss"}'], undefined)
  })
})
