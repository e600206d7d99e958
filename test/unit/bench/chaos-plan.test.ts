import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FAULTS, planFault } from '../../../bench/support/chaos-faults.ts'
import type { RequestLine } from '../../../bench/support/chaos-run.ts'
import { missedTargets, summarize } from '../../../bench/support/chaos-summary.ts'
import { seededRandom } from '../../support/random.ts'

const LINE: RequestLine = {
  type: 'request',
  number: 1,
  name: 'chat stream 1',
  kind: 'chat stream',
  entry: 'entry1',
  node: 'node1',
  status: 200,
  tries: 1,
  attempts: 1,
  hits: [],
  atMs: 0,
  firstByteMs: 5,
  totalMs: 100,
  largestGapMs: 10,
  events: 20,
  verdicts: [],
}

describe('the plan of the chaos program', () => {
  it('leaves so many nodes well, and never hurts one that has trouble', () => {
    const random = seededRandom(1)
    const situation = { nodes: ['ready', 'killed', 'ready'], entries: ['ready', 'ready'], faults: FAULTS } as const
    const planned = Array.from({ length: 200 }, () => planFault(random, { ...situation, keep: 1 }))
    for (const fault of planned) assert.ok(fault !== undefined && (fault.fault === 'entry' || fault.index !== 1))
    assert.deepEqual(new Set(planned.map((fault) => fault?.fault)), new Set(FAULTS))
    const kept = Array.from({ length: 50 }, () => planFault(random, { ...situation, keep: 2 }))
    assert.ok(kept.every((fault) => fault?.fault === 'entry'))
  })

  it('takes one entry at a time, and never the last', () => {
    const random = seededRandom(1)
    const of = (entries: readonly ('ready' | 'killed')[]) =>
      planFault(random, { nodes: ['ready'], entries, faults: FAULTS, keep: 1 })
    assert.equal(of(['ready', 'ready'])?.fault, 'entry')
    assert.equal(of(['ready', 'ready', 'killed']), undefined)
    assert.equal(of(['ready']), undefined)
  })

  it('is the same for the same seed', () => {
    const plan = () => {
      const random = seededRandom(7)
      const situation = { nodes: ['ready', 'ready'], entries: ['ready'], faults: FAULTS, keep: 1 } as const
      return Array.from({ length: 20 }, () => planFault(random, situation))
    }
    assert.deepEqual(plan(), plan())
  })
})

describe('the summary of the chaos program', () => {
  const lost: RequestLine = { ...LINE, hits: ['kill'], verdicts: [{ damage: 'lost', detail: 'gone' }] }
  const seam: RequestLine = { ...LINE, hits: ['kill'], largestGapMs: 900, attempts: 2 }

  it('counts requests by what they are and by what happened to their node', () => {
    const doubly: RequestLine = { ...LINE, kind: 'messages', verdicts: [WRONG, WRONG] }
    const fault = { type: 'fault', fault: 'kill', node: 'node1', atMs: 1 } as const
    const { total, kinds, faults, faultCounts, entryRetries } = summarize([LINE, fault, lost, seam, doubly, fault])
    assert.deepEqual([total.requests, total.whole, total['lost'], total['wrong']], [4, 2, 1, 1])
    assert.deepEqual(
      kinds.map(({ what, requests }) => [what, requests]),
      [
        ['chat stream', 3],
        ['messages', 1],
      ],
    )
    assert.deepEqual(
      faults.map(({ what, requests, pauseP99Ms }) => [what, requests, pauseP99Ms]),
      [
        ['undisturbed', 2, 10],
        ['kill', 2, 900],
      ],
    )
    assert.deepEqual(faultCounts, { kill: 2 })
    assert.equal(entryRetries, 1)
  })

  it('misses a target for every damage but a refusal and a late answer', () => {
    const refused: RequestLine = { ...LINE, status: 503, verdicts: [{ damage: 'refused', detail: '' }] }
    const late: RequestLine = { ...LINE, verdicts: [{ damage: 'late', detail: '' }] }
    assert.deepEqual(missedTargets(summarize([LINE, refused, late, seam]), { pauseMs: 1000 }), [])
    assert.equal(missedTargets(summarize([LINE, seam]), { pauseMs: 800 }).length, 1)
    for (const damage of ['lost', 'duplicated', 'missing', 'wrong', 'malformed', 'finish', 'usage'] as const) {
      const line: RequestLine = { ...LINE, verdicts: [{ damage, detail: '' }] }
      assert.deepEqual(missedTargets(summarize([LINE, line]), { pauseMs: 1000 }), [`1 of 2 answers: ${damage}`])
    }
  })
})

const WRONG = { damage: 'wrong', detail: '' } as const
