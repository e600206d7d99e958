import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { arrange } from '../../../../src/federation/health/arrange.ts'
import type { Ranked } from '../../../../src/federation/policies/choose.ts'

const ranked = (peerId: string, { ejected = false, share = 1 } = {}): Ranked => ({
  candidate: {
    ...{ peerId, name: peerId, local: false, slots: 1, busy: 0, loaded: true, roundTripMs: 1 },
    standing: { ejected, share },
  },
})
const OUT = { ejected: true }
const namesOf = (order: readonly Ranked[]): string => order.map(({ candidate }) => candidate.peerId).join(' ')

function arranged(order: readonly Ranked[], { due = '', mayProbe = true, dice = 0.5 } = {}): string {
  return namesOf(arrange(order, { probeDue: (peerId) => due.includes(peerId), mayProbe, random: () => dice }))
}

describe('what health makes of an order', () => {
  test('nothing, when all are trusted, and the dice are left alone', () => {
    const order = [ranked('a'), ranked('b')]
    const random = (): number => assert.fail('no dice')
    assert.equal(arrange(order, { probeDue: () => false, mayProbe: true, random }), order)
  })

  test('ejected nodes are left out, unless nobody else is there', () => {
    assert.equal(arranged([ranked('a', OUT), ranked('b'), ranked('c', OUT)]), 'b')
    assert.equal(arranged([ranked('a', OUT), ranked('c', OUT)]), 'a c')
    assert.equal(arranged([]), '')
  })

  test('a probe that is due comes first, one at a time, and never for a request that has failed once', () => {
    const order = [ranked('b'), ranked('a', OUT), ranked('c', OUT)]
    assert.equal(arranged(order, { due: 'c' }), 'c b')
    assert.equal(arranged(order, { due: 'a c' }), 'a b')
    assert.equal(arranged(order, { due: 'c', mayProbe: false }), 'b')
  })

  test('a small share is a share of the times, and a place behind the others for the rest', () => {
    const order = [ranked('new', { share: 0.3 }), ranked('b')]
    assert.equal(arranged(order, { dice: 0.29 }), 'new b')
    assert.equal(arranged(order, { dice: 0.3 }), 'b new')
    assert.equal(arranged([ranked('new', { share: 0.3 })], { dice: 0.99 }), 'new')
  })
})
