import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBookings } from '../../../src/federation/bookings.ts'
import { findCandidates } from '../../../src/federation/candidates.ts'
import { TRUSTED } from '../../../src/federation/health/node-health.ts'
import type { Candidate, Choose } from '../../../src/federation/policies/choose.ts'
import { leastBusy } from '../../../src/federation/policies/least-busy.ts'
import { pinned } from '../../../src/federation/policies/pinned.ts'
import { randomNode } from '../../../src/federation/policies/random.ts'
import { seededRandom } from '../../support/random.ts'
import { makePeer, SERVES_NOTHING } from './make-peer.ts'

function makeCandidate(name: string, traits: Partial<Candidate> = {}): Candidate {
  return {
    peerId: `id-${name}`,
    name,
    local: false,
    slots: 1,
    busy: 0,
    loaded: true,
    roundTripMs: 1,
    standing: TRUSTED,
    ...traits,
  }
}

const names = (candidates: readonly Candidate[]): readonly string[] => candidates.map(({ name }) => name)

const POLICIES: Readonly<Record<string, Choose>> = {
  leastBusy,
  randomNode,
  'pinned to nobody there': pinned('nowhere', leastBusy),
  'pinned to a': pinned('a', leastBusy),
}

for (const [policy, choose] of Object.entries(POLICIES)) {
  describe(`what every policy promises: ${policy}`, () => {
    const random = seededRandom(3)
    const crowd = Array.from({ length: 40 }, (_, at) =>
      makeCandidate(String.fromCharCode(97 + (at % 20)) + (at < 20 ? '' : '2'), {
        busy: Math.floor(random() * 9),
        slots: 1 + Math.floor(random() * 4),
        loaded: random() < 0.5,
        roundTripMs: random() < 0.3 ? undefined : random() * 40,
      }),
    )

    test('gives some of the candidates, none twice', () => {
      const order = choose(crowd, seededRandom(1))
      assert.equal(new Set(order).size, order.length)
      for (const candidate of order) assert.ok(crowd.includes(candidate))
    })

    test('is the same for the same candidates and dice, and changes nothing', () => {
      const before = structuredClone(crowd)
      assert.deepEqual(choose(crowd, seededRandom(5)), choose(crowd, seededRandom(5)))
      assert.deepEqual(crowd, before)
    })

    test('lives with no candidates, one, and the ends of the dice', () => {
      assert.deepEqual(
        choose([], () => 0),
        [],
      )
      for (const dice of [0, 0.999_999_999_999_999_9]) {
        assert.ok(choose(crowd, () => dice).length <= crowd.length)
        assert.ok(choose([makeCandidate('a')], () => dice).length <= 1)
      }
    })
  })
}

describe('the least busy node', () => {
  const first = (candidates: readonly Candidate[]): string | undefined => leastBusy(candidates, () => 0)[0]?.name

  // LocalAI's search takes a 0 for "no minimum yet": the one after an idle node always wins.
  test('an idle node is taken wherever it stands among busy ones', () => {
    for (let at = 0; at < 5; at += 1) {
      const crowd = Array.from({ length: 5 }, (_, index) =>
        makeCandidate(`n${index}`, { busy: index === at ? 0 : index + 1 }),
      )
      for (const dice of [0, 0.3, 0.7, 0.99]) assert.equal(leastBusy(crowd, () => dice)[0]?.name, `n${at}`)
    }
  })

  test('the share of places counts, not the number of requests', () => {
    assert.equal(first([makeCandidate('small', { busy: 1 }), makeCandidate('big', { busy: 3, slots: 16 })]), 'big')
    assert.equal(first([makeCandidate('small', { busy: 0 }), makeCandidate('big', { busy: 1, slots: 16 })]), 'small')
  })

  test('a node that has the model in memory goes before one that must load it, until it is full', () => {
    const cold = makeCandidate('cold', { loaded: false })
    assert.equal(first([cold, makeCandidate('warm', { busy: 3, slots: 4 })]), 'warm')
    assert.equal(first([cold, makeCandidate('warm', { busy: 4, slots: 4 })]), 'warm')
    assert.equal(first([cold, makeCandidate('warm', { busy: 5, slots: 4 })]), 'cold')
  })

  test('among equals the nearer, and the unmeasured last; a few milliseconds are no distance', () => {
    const far = makeCandidate('far', { roundTripMs: 80 })
    assert.equal(first([far, makeCandidate('near', { roundTripMs: 2 })]), 'near')
    assert.equal(first([makeCandidate('unknown', { roundTripMs: undefined }), far]), 'far')
    assert.equal(
      first([makeCandidate('peer', { roundTripMs: 0.3 }), makeCandidate('here', { roundTripMs: 0 })]),
      'here',
    )
    const firsts = new Set<string | undefined>()
    const random = seededRandom(9)
    const neighbours = [makeCandidate('a', { roundTripMs: 0.4 }), makeCandidate('b', { roundTripMs: 3 })]
    for (let round = 0; round < 50; round += 1) firsts.add(leastBusy(neighbours, random)[0]?.name)
    assert.deepEqual([...firsts].sort(), ['a', 'b'])
  })

  test('the order is from the least to the most busy', () => {
    const crowd = [makeCandidate('c', { busy: 2 }), makeCandidate('a', { busy: 0 }), makeCandidate('b', { busy: 1 })]
    assert.deepEqual(names(leastBusy(crowd, Math.random)), ['a', 'b', 'c'])
  })

  // LocalAI counts a request when it has ended: 500 at once all go to the same node.
  test('500 requests that have not ended are spread evenly over six nodes', () => {
    const peers = Array.from({ length: 6 }, (_, at) => makePeer(`n${at}`, { models: ['m'], slots: 4 }))
    const bookings = createBookings()
    const random = seededRandom(11)
    const counts = new Map<string, number>()
    const releases: (() => void)[] = []
    for (let request = 0; request < 500; request += 1) {
      const around = {
        self: { peerId: 'self', name: 'self', group: '' },
        local: SERVES_NOTHING,
        peers,
        busy: bookings.busy,
        standingOf: () => TRUSTED,
      }
      const [chosen] = leastBusy(findCandidates({ model: 'm', capability: 'chat' }, around), random)
      assert.ok(chosen !== undefined)
      releases.push(bookings.book(chosen.peerId))
      counts.set(chosen.peerId, (counts.get(chosen.peerId) ?? 0) + 1)
    }
    assert.deepEqual([...counts.values()].sort(), [83, 83, 83, 83, 84, 84])
    for (const release of releases) release()
    for (const { record } of peers) assert.equal(bookings.busy(record.peerId), 0)
  })
})

describe('any node', () => {
  test('every order is as likely as any other', () => {
    const random = seededRandom(4)
    const crowd = ['a', 'b', 'c'].map((name) => makeCandidate(name))
    const orders = new Map<string, number>()
    for (let round = 0; round < 6000; round += 1) {
      const order = names(randomNode(crowd, random)).join('')
      orders.set(order, (orders.get(order) ?? 0) + 1)
    }
    assert.equal(orders.size, 6)
    for (const [order, count] of orders) assert.ok(count > 850 && count < 1150, `${order}: ${count}`)
  })
})

describe('one node only', () => {
  const crowd = [makeCandidate('a'), makeCandidate('b', { busy: 5 }), makeCandidate('b2', { name: 'b' })]

  test('by name or by peer id, however busy it is', () => {
    assert.deepEqual(names(pinned('id-a', leastBusy)(crowd, Math.random)), ['a'])
    assert.deepEqual(
      pinned('b', leastBusy)(crowd, Math.random).map(({ peerId }) => peerId),
      ['id-b2', 'id-b'],
    )
  })

  test('and nobody when it is not there', () => {
    assert.deepEqual(pinned('c', leastBusy)(crowd, Math.random), [])
  })
})
