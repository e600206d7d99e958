import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AppError } from '../../../../src/base/errors.ts'
import {
  createNodeHealth,
  HEALTH_DEFAULTS,
  type NodeHealthInit,
} from '../../../../src/federation/health/create-node-health.ts'
import { TRUSTED } from '../../../../src/federation/health/node-health.ts'
import type { RoutedRequest } from '../../../../src/federation/routed-request.ts'
import type { RequestFinished } from '../../../../src/federation/routing-events.ts'
import { seededRandom } from '../../../support/random.ts'

const { rules } = HEALTH_DEFAULTS
const newRequest = (model = 'm'): RoutedRequest => ({
  ...{ id: '1', method: 'POST', target: '/', headers: {}, body: undefined, model, capability: 'chat' },
})

/** Nodes `n0`, `n1`, … that were all there from the start. */
function createWard(count: number, init: Partial<NodeHealthInit> = {}) {
  let at = 0
  const told: string[] = []
  const health = createNodeHealth(
    {
      now: () => at,
      events: {
        nodeEjected: ({ peerId, why, forMs }) => void told.push(`${peerId} ${why} ${forMs}`),
        nodeReturned: ({ peerId }) => void told.push(`${peerId} back`),
        panic: ({ on }) => void told.push(on ? 'panic' : 'calm'),
      },
    },
    { ...HEALTH_DEFAULTS, ...init },
  )
  const ids = Array.from({ length: count }, (_, index) => `n${index}`)
  health.present(new Set(ids))
  const attempt = (peerId: string) => ({ peerId, name: peerId, ms: 1 })
  return {
    ...{ health, ids, told },
    now: () => at,
    pass(ms: number) {
      at += ms
    },
    see: (...peerIds: string[]) => health.present(new Set(peerIds)),
    fail(peerId: string, times = 1) {
      for (let left = times; left > 0; left -= 1) {
        health.booked(peerId)
        health.tried?.(newRequest(), { ...attempt(peerId), outcome: 'unreachable' })
      }
    },
    refuse: (peerId: string, code: 'model.not-found' | 'backend.load-failed') =>
      health.tried?.(newRequest(), { ...attempt(peerId), outcome: 'not-started' }, new AppError(code, 'no')),
    begin(peerId: string) {
      health.booked(peerId)
      health.tried?.(newRequest(), { ...attempt(peerId), outcome: 'answered' })
    },
    lose(peerId: string, cause: 'lost' | 'stalled' | 'leaving' = 'lost') {
      const request = newRequest()
      const facts = { from: { peerId, name: peerId }, cause, tokens: 3, sentBytes: 9, pauseMs: 5 }
      health.seam?.(request, facts)
      health.finished?.(request, finished(peerId, { outcome: 'lost' }))
    },
    end: (peerId: string, facts: Partial<RequestFinished> = {}, model = 'm') =>
      health.finished?.(newRequest(model), finished(peerId, facts)),
    out: () => ids.filter((peerId) => health.standingOf(peerId).ejected),
  }
}

function finished(peerId: string, facts: Partial<RequestFinished>): RequestFinished {
  const usual = { status: 200, ms: 100, firstBytesMs: 50, tokens: 0, generationMs: 0 }
  return { peerId, name: peerId, outcome: 'answered', ...usual, ...facts }
}

describe('failures', () => {
  test('three in a row take a node out, two do not', () => {
    const ward = createWard(4)
    ward.fail('n0', 2)
    ward.begin('n0')
    ward.fail('n0', 2)
    assert.deepEqual(ward.out(), [])
    ward.fail('n0')
    assert.deepEqual(ward.out(), ['n0'])
    assert.deepEqual(ward.told, ['n0 failing 2000'])
  })

  test('a node that begins well and breaks off each time is taken out as well', () => {
    for (const cause of ['lost', 'stalled'] as const) {
      const ward = createWard(4)
      for (let count = 0; count < 3; count += 1) {
        ward.begin('n1')
        ward.lose('n1', cause)
      }
      assert.deepEqual(ward.out(), ['n1'])
    }
  })

  test('one that leaves as announced has not failed, one that gives up and stays has', () => {
    const ward = createWard(4)
    ward.see('n0', 'n2', 'n3')
    for (let count = 0; count < 9; count += 1) ward.lose('n1', 'leaving')
    assert.deepEqual(ward.out(), [])
    for (let count = 0; count < 3; count += 1) ward.lose('n2', 'leaving')
    assert.deepEqual(ward.out(), ['n2'])
  })

  test('a node that others had to stand in for three times in a row is taken out', () => {
    const ward = createWard(4)
    const attempt = { peerId: 'n1', name: 'n1', ms: 900, outcome: 'late' } as const
    for (let count = 0; count < 3; count += 1) ward.health.tried?.(newRequest(), attempt)
    assert.deepEqual(ward.out(), ['n1'])
  })

  test('answers that broke off are counted also where nobody could tell of a seam', () => {
    const ward = createWard(4)
    for (let count = 0; count < 3; count += 1) ward.end('n1', { outcome: 'lost' })
    assert.deepEqual(ward.out(), ['n1'])
  })

  test('a node that fails fast is no idle node', () => {
    const ward = createWard(4)
    for (let count = 0; count < 3; count += 1) {
      ward.begin('n1')
      ward.end('n1', { status: 500 })
    }
    assert.deepEqual(ward.out(), ['n1'])
  })

  test('what is wrong with a request, or not there, is no failure of the node; a backend that does not come up is', () => {
    const ward = createWard(4)
    for (let count = 0; count < 9; count += 1) {
      ward.end('n1', { status: 400 })
      ward.refuse('n1', 'model.not-found')
      ward.end('n1', { outcome: 'cancelled' })
    }
    assert.deepEqual(ward.out(), [])
    for (let count = 0; count < 3; count += 1) ward.refuse('n2', 'backend.load-failed')
    assert.deepEqual(ward.out(), ['n2'])
  })

  test('half of all failing is too much, even if never three in a row', () => {
    const ward = createWard(4)
    for (let count = 0; count < 15; count += 1) {
      ward.fail('n3', 2)
      ward.begin('n3')
      ward.end('n3')
    }
    assert.deepEqual(ward.out(), ['n3'])
  })

  test('failures that are long ago are forgotten', () => {
    const ward = createWard(1)
    ward.fail('n0', 5)
    assert.deepEqual(ward.told, ['panic'])
    ward.pass(rules.forgetMs)
    ward.see('n0')
    assert.deepEqual(ward.told, ['panic', 'calm'])
  })
})

describe('coming back', () => {
  test('one probe at a time, and longer apart each time it fails', () => {
    const ward = createWard(4)
    ward.fail('n0', 3)
    for (const waitMs of [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      ward.pass(waitMs - 1)
      assert.equal(ward.health.probeDue('n0'), false)
      ward.pass(1)
      assert.equal(ward.health.probeDue('n0'), true)
      ward.health.booked('n0')
      assert.equal(ward.health.probeDue('n0'), false)
      ward.health.tried?.(newRequest(), { peerId: 'n0', name: 'n0', ms: 1, outcome: 'broken' })
      assert.deepEqual(ward.out(), ['n0'])
    }
  })

  test('a probe that tells nothing does not keep a node out for ever', () => {
    const ward = createWard(4)
    ward.fail('n0', 3)
    ward.pass(2000)
    ward.health.booked('n0')
    ward.pass(rules.probeTimeoutMs - 1)
    assert.equal(ward.health.probeDue('n0'), false)
    ward.pass(1)
    assert.equal(ward.health.probeDue('n0'), true)
  })

  test('after a good one the share grows with time, or with answers', () => {
    const ward = createWard(4)
    const share = (): number => ward.health.standingOf('n0').share
    ward.fail('n0', 3)
    ward.pass(2000)
    ward.begin('n0')
    assert.deepEqual(ward.health.standingOf('n0'), { ejected: false, share: rules.leastShare })
    ward.pass(rules.slowStartMs / 2)
    assert.equal(share(), 0.5)
    for (let count = 0; count < (rules.slowStartAnswers * 3) / 4; count += 1) ward.end('n0')
    assert.equal(share(), 0.75)
    ward.pass(rules.slowStartMs / 2)
    assert.equal(share(), 1)
    assert.deepEqual(ward.told, ['n0 failing 2000', 'n0 back'])
  })

  test('who falls out again soon stays out longer, after a calm while not', () => {
    const ward = createWard(4)
    const fall = (): string | undefined => {
      ward.fail('n0', 3)
      const last = ward.told.at(-1)
      ward.pass(60_000)
      ward.begin('n0')
      return last
    }
    assert.equal(fall(), 'n0 failing 2000')
    ward.pass(1)
    assert.equal(fall(), 'n0 failing 4000')
    ward.pass(10 * rules.strikeMs)
    assert.equal(fall(), 'n0 failing 2000')
  })

  test('what a node was asked before it was out does not bring it back', () => {
    const ward = createWard(4)
    ward.fail('n0', 3)
    ward.begin('n0')
    ward.end('n0')
    assert.deepEqual(ward.out(), ['n0'])
  })
})

describe('newcomers', () => {
  test('begin with a small share; those that were there before this node do not', () => {
    const ward = createWard(2)
    assert.equal(ward.health.standingOf('n0'), TRUSTED)
    ward.pass(HEALTH_DEFAULTS.settleMs)
    ward.see('n0', 'n1', 'new')
    assert.equal(ward.health.standingOf('new').share, rules.leastShare)
    ward.pass(rules.slowStartMs)
    assert.equal(ward.health.standingOf('new').share, 1)
  })

  test('and so does who was away, but not for a moment', () => {
    const ward = createWard(2)
    ward.see('n0')
    ward.pass(HEALTH_DEFAULTS.awayMs - 1)
    ward.see('n0', 'n1')
    assert.equal(ward.health.standingOf('n1').share, 1)
    ward.see('n0')
    ward.pass(HEALTH_DEFAULTS.awayMs)
    ward.see('n0', 'n1')
    assert.equal(ward.health.standingOf('n1').share, rules.leastShare)
  })
})

describe('many at once', () => {
  test('no more than half are out, and one is left', () => {
    for (const [count, most] of [
      [1, 0],
      [2, 1],
      [3, 1],
      [5, 2],
      [10, 5],
    ] as const) {
      const ward = createWard(count, { maxEjectedShare: 0.5 })
      for (const peerId of ward.ids.slice(0, most)) ward.fail(peerId, 3)
      assert.equal(ward.out().length, most)
    }
  })

  test('when more than that look dead, nobody is out, until enough are well', () => {
    const ward = createWard(4)
    for (const peerId of ['n0', 'n1', 'n2']) ward.fail(peerId, 3)
    assert.deepEqual(ward.out(), [])
    assert.equal(ward.told.at(-1), 'panic')
    ward.begin('n2')
    assert.equal(ward.told.at(-1), 'calm')
    assert.deepEqual(ward.out(), ['n0', 'n1'])
  })

  test('in a panic an answer brings a node back', () => {
    const ward = createWard(4)
    for (const peerId of ['n0', 'n1', 'n2']) ward.fail(peerId, 3)
    ward.begin('n0')
    assert.deepEqual(ward.out(), ['n1'])
  })

  test('those that are gone do not count', () => {
    const ward = createWard(4)
    for (const peerId of ['n0', 'n1']) ward.fail(peerId, 3)
    ward.see('n2', 'n3')
    ward.fail('n2', 3)
    assert.equal(ward.health.standingOf('n2').ejected, true)
  })
})

describe('slowness', () => {
  /** Answers of all nodes, of the first one as much slower. */
  function run(
    ward: ReturnType<typeof createWard>,
    { rounds, factors }: { rounds: number; factors: readonly number[] },
  ) {
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, peerId] of ward.ids.entries()) {
        const factor = (factors[index] ?? 1) * (1 + (round % 5) / 10)
        ward.begin(peerId)
        ward.end(peerId, { firstBytesMs: 100 * factor, pace: { tokens: 11, ms: 200 * factor } })
      }
    }
  }

  test('a node that became much slower than it was is taken out, and nobody else', () => {
    const ward = createWard(4)
    run(ward, { rounds: 30, factors: [1, 16, 2, 4] })
    assert.deepEqual(ward.out(), [])
    run(ward, { rounds: 10, factors: [10, 16, 2, 4] })
    assert.deepEqual(ward.out(), ['n0'])
    assert.match(ward.told[0] ?? '', /^n0 slow/)
  })

  test('also when only its tokens come slowly', () => {
    const ward = createWard(3)
    run(ward, { rounds: 30, factors: [] })
    for (let count = 0; count < 10; count += 1) ward.end('n1', { firstBytesMs: 100, pace: { tokens: 20, ms: 8000 } })
    assert.deepEqual(ward.out(), ['n1'])
  })

  test('not when all have become slower: that is the load', () => {
    const ward = createWard(4)
    run(ward, { rounds: 30, factors: [] })
    run(ward, { rounds: 30, factors: [10, 10, 10, 10] })
    assert.deepEqual(ward.out(), [])
  })

  test('not by a few milliseconds, and not without a history', () => {
    const ward = createWard(3)
    for (let count = 0; count < 60; count += 1) {
      for (const peerId of ward.ids) ward.end(peerId, { firstBytesMs: peerId === 'n0' && count > 40 ? 10 : 1 })
    }
    assert.deepEqual(ward.out(), [])
    const young = createWard(3)
    run(young, { rounds: 5, factors: [] })
    run(young, { rounds: 6, factors: [10] })
    assert.deepEqual(young.out(), [])
  })

  test('a model that is slow by nature is compared with itself', () => {
    const ward = createWard(3)
    run(ward, { rounds: 30, factors: [] })
    for (let count = 0; count < 30; count += 1) ward.end('n0', { firstBytesMs: 90_000 }, 'large')
    assert.deepEqual(ward.out(), [])
  })

  test('what a slow node has become is what it is, in the end', () => {
    const ward = createWard(4)
    run(ward, { rounds: 30, factors: [] })
    for (let round = 0; round < 400; round += 1) {
      ward.pass(1000)
      run(ward, { rounds: 1, factors: [8] })
    }
    const before = ward.told.length
    run(ward, { rounds: 50, factors: [8] })
    assert.deepEqual(ward.out(), [])
    assert.equal(ward.told.length, before)
  })
})

test('whatever happens: no more out than allowed, all are probed again, and calm heals everything', () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = seededRandom(seed)
    const pick = (below: number): number => Math.floor(random() * below)
    const ward = createWard(1 + pick(9))
    const lastMs = new Map<string, number>()
    let present = [...ward.ids]
    for (let step = 0; step < 400; step += 1) {
      const peerId = ward.ids[pick(ward.ids.length)] ?? 'n0'
      const deeds = [
        () => ward.fail(peerId, 1 + pick(4)),
        () => ward.lose(peerId, (['lost', 'stalled', 'leaving'] as const)[pick(3)] ?? 'lost'),
        () => ward.begin(peerId),
        () => ward.end(peerId, { firstBytesMs: random() * 5000, pace: { tokens: pick(50), ms: random() * 50_000 } }),
        () => ward.refuse(peerId, random() < 0.5 ? 'model.not-found' : 'backend.load-failed'),
        () => ward.health.booked(peerId),
        () => {
          present = ward.ids.filter(() => random() < 0.8)
          ward.see(...present)
        },
        () => ward.pass(random() * 20_000),
      ]
      deeds[pick(deeds.length)]?.()
      const out = present.filter((id) => ward.health.standingOf(id).ejected)
      const most = Math.max(0, Math.min(present.length - 1, Math.floor(present.length / 2)))
      // Others may have left meanwhile; whoever is out then is not put back for it, unless that is most of them.
      assert.ok(out.length <= Math.max(most, present.length / 2), `seed ${seed}: ${out} of ${present}`)
      for (const id of ward.ids) {
        const { share } = ward.health.standingOf(id)
        assert.ok(share > 0 && share <= 1)
        if (!ward.health.standingOf(id).ejected || ward.health.probeDue(id)) lastMs.set(id, ward.now())
        const waited = ward.now() - (lastMs.get(id) ?? 0)
        assert.ok(waited <= rules.maxEjectionMs + rules.probeTimeoutMs + 20_000, `seed ${seed}: ${id} ${waited}`)
      }
    }
    ward.see(...ward.ids)
    for (let round = 0; round < 20; round += 1) {
      ward.pass(10_000)
      for (const id of ward.ids) {
        if (ward.health.standingOf(id).ejected && !ward.health.probeDue(id)) continue
        ward.begin(id)
        ward.end(id)
      }
      ward.see(...ward.ids)
    }
    for (const id of ward.ids) assert.deepEqual(ward.health.standingOf(id), TRUSTED, `seed ${seed}: ${id}`)
  }
})
