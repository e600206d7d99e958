import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBookings } from '../../../src/federation/bookings.ts'
import { findCandidates } from '../../../src/federation/candidates.ts'
import { TRUSTED } from '../../../src/federation/health/node-health.ts'
import type { Candidate, Ranked } from '../../../src/federation/policies/choose.ts'
import { leastBusy } from '../../../src/federation/policies/least-busy.ts'
import { pinned } from '../../../src/federation/policies/pinned.ts'
import { randomNode } from '../../../src/federation/policies/random.ts'
import { seededRandom } from '../../support/random.ts'
import { ask, makeCandidate } from './make-candidate.ts'
import { makePeer, SERVES_NOTHING } from './make-peer.ts'

const names = (order: readonly Ranked[]): readonly string[] => order.map(({ candidate }) => candidate.name)

describe('the least busy node', () => {
  const first = (candidates: readonly Candidate[]): string | undefined => names(leastBusy.order(candidates, ask()))[0]

  // LocalAI's search takes a 0 for "no minimum yet": the one after an idle node always wins.
  test('an idle node is taken wherever it stands among busy ones', () => {
    for (let at = 0; at < 5; at += 1) {
      const crowd = Array.from({ length: 5 }, (_, index) =>
        makeCandidate(`n${index}`, { busy: index === at ? 0 : index + 1 }),
      )
      for (const dice of [0, 0.3, 0.7, 0.99]) {
        assert.equal(names(leastBusy.order(crowd, ask({ random: () => dice })))[0], `n${at}`)
      }
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
    for (let round = 0; round < 50; round += 1) firsts.add(names(leastBusy.order(neighbours, ask({ random })))[0])
    assert.deepEqual([...firsts].sort(), ['a', 'b'])
  })

  test('the order is from the least to the most busy', () => {
    const crowd = [makeCandidate('c', { busy: 2 }), makeCandidate('a', { busy: 0 }), makeCandidate('b', { busy: 1 })]
    assert.deepEqual(names(leastBusy.order(crowd, ask({ random: Math.random }))), ['a', 'b', 'c'])
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
      const [first] = leastBusy.order(findCandidates({ model: 'm', capability: 'chat' }, around), ask({ random }))
      assert.ok(first !== undefined)
      const chosen = first.candidate
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
      const order = names(randomNode.order(crowd, ask({ random }))).join('')
      orders.set(order, (orders.get(order) ?? 0) + 1)
    }
    assert.equal(orders.size, 6)
    for (const [order, count] of orders) assert.ok(count > 850 && count < 1150, `${order}: ${count}`)
  })
})

describe('one node only', () => {
  const crowd = [makeCandidate('a'), makeCandidate('b', { busy: 5 }), makeCandidate('b2', { name: 'b' })]

  test('by name or by peer id, however busy it is', () => {
    assert.deepEqual(names(pinned('id-a', leastBusy).order(crowd, ask())), ['a'])
    assert.deepEqual(
      pinned('b', leastBusy)
        .order(crowd, ask())
        .map(({ candidate }) => candidate.peerId),
      ['id-b2', 'id-b'],
    )
  })

  test('and nobody when it is not there', () => {
    assert.deepEqual(pinned('c', leastBusy).order(crowd, ask()), [])
  })
})
