import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeHealth, HEALTH_DEFAULTS } from '../../../../src/federation/health/create-node-health.ts'
import type { RoutedRequest } from '../../../../src/federation/routed-request.ts'
import { makeCandidate } from '../make-candidate.ts'

/** Four nodes of two slots; one begins late because its slots are taken, or for no reason. */
function serve(busyOfLate: number): boolean {
  let at = 0
  const health = createNodeHealth({ now: () => at }, HEALTH_DEFAULTS)
  const nodes = ['a', 'b', 'c', 'late'].map((name) => makeCandidate(name, { slots: 2 }))
  health.present(new Set(nodes.map(({ peerId }) => peerId)))
  for (let round = 0; round < 80; round += 1) {
    for (const { peerId, name } of nodes) {
      const request: RoutedRequest = {
        ...{ id: 'r', method: 'POST', target: '/', headers: {}, body: undefined, model: 'm', capability: 'chat' },
      }
      const isLate = name === 'late' && round >= 40
      const order = nodes.map((candidate) => ({
        candidate: { ...candidate, busy: candidate.name === 'late' ? busyOfLate : 0 },
      }))
      health.considered(request, { policy: 'test', order })
      health.booked(peerId)
      const firstBytesMs = isLate ? 2000 : 50
      health.tried(request, {
        peerId,
        name,
        outcome: isLate && round % 2 === 0 ? 'late' : 'answered',
        ms: firstBytesMs,
      })
      const ended = { outcome: 'answered', status: 200, ms: firstBytesMs, firstBytesMs, tokens: 0, generationMs: 0 }
      health.finished(request, { peerId, name, ...ended, outcome: 'answered' })
      at += 10
    }
  }
  return health.standingOf('id-late').ejected
}

test('a node that begins late because its slots are taken is busy, not sick', () => {
  assert.equal(serve(1), true, 'with a free slot it has no excuse')
  assert.equal(serve(2), false)
})
