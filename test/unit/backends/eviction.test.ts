import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { leastMissed, makeRoom, type Occupant } from '../../../src/backends/eviction.ts'

const model = (id: string, lastUsed: number, more: Partial<Occupant> = {}): Occupant => ({
  id,
  phase: 'ready',
  inFlight: 0,
  lastUsed,
  pinned: false,
  groups: [],
  ...more,
})

describe('making room for a model', () => {
  it('has room without a limit, and below it', () => {
    const many = Array.from({ length: 100 }, (_, index) => model(`m${index}`, index))
    assert.deepEqual(makeRoom(many, { maxActive: 0, force: false, groups: [] }), { type: 'room' })
    assert.deepEqual(makeRoom([model('a', 1)], { maxActive: 2, force: false, groups: [] }), { type: 'room' })
  })

  it('evicts the least recently used, as many as needed', () => {
    const models = [model('a', 3), model('b', 1), model('c', 2)]
    assert.deepEqual(makeRoom(models, { maxActive: 3, force: false, groups: [] }), { type: 'evict', ids: ['b'] })
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: false, groups: [] }), { type: 'evict', ids: ['b', 'c'] })
  })

  it('never evicts a busy or a starting one, and waits when there is no other', () => {
    const models = [model('a', 1, { inFlight: 1 }), model('b', 0, { phase: 'starting' })]
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: false, groups: [] }), { type: 'wait' })
    assert.deepEqual(makeRoom([...models, model('c', 9)], { maxActive: 3, force: false, groups: [] }), {
      type: 'evict',
      ids: ['c'],
    })
  })

  it('by force takes a busy one, but an idle one first', () => {
    const models = [model('busy', 1, { inFlight: 2 }), model('idle', 5)]
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: true, groups: [] }), { type: 'evict', ids: ['idle'] })
    assert.deepEqual(makeRoom(models, { maxActive: 1, force: true, groups: [] }), {
      type: 'evict',
      ids: ['idle', 'busy'],
    })
  })

  it('waits for one that is going already instead of evicting another', () => {
    const models = [model('going', 1, { phase: 'stopping' }), model('idle', 2)]
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: true, groups: [] }), { type: 'wait' })
  })

  it('does not count on one that goes only after its requests, and by force does not let it have them', () => {
    const models = [model('later', 1, { phase: 'stopping', inFlight: 1 }), model('idle', 2)]
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: false, groups: [] }), { type: 'evict', ids: ['idle'] })
    const [later] = models
    assert.ok(later)
    assert.deepEqual(makeRoom([later], { maxActive: 1, force: false, groups: [] }), { type: 'wait' })
    assert.deepEqual(makeRoom([later], { maxActive: 1, force: true, groups: [] }), { type: 'evict', ids: ['later'] })
  })

  it('never evicts a pinned one, not even by force', () => {
    const models = [model('pinned', 1, { pinned: true }), model('other', 2)]
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: true, groups: [] }), { type: 'evict', ids: ['other'] })
    assert.deepEqual(makeRoom(models.slice(0, 1), { maxActive: 1, force: true, groups: [] }), { type: 'wait' })
  })

  it('lets all of a group go for another of it, whatever the limit', () => {
    const models = [model('a', 1, { groups: ['gpu'] }), model('b', 2, { groups: ['x', 'gpu'] }), model('c', 0)]
    assert.deepEqual(makeRoom(models, { maxActive: 0, force: false, groups: ['gpu'] }), {
      type: 'evict',
      ids: ['a', 'b'],
    })
    assert.deepEqual(makeRoom(models, { maxActive: 0, force: false, groups: ['other'] }), { type: 'room' })
    const busy = [model('a', 1, { groups: ['gpu'], inFlight: 1 }), model('c', 0)]
    assert.deepEqual(makeRoom(busy, { maxActive: 0, force: false, groups: ['gpu'] }), { type: 'wait' })
  })

  it('counts who goes for the group among those who go for the limit', () => {
    const models = [model('a', 5, { groups: ['gpu'] }), model('b', 1), model('c', 2)]
    assert.deepEqual(makeRoom(models, { maxActive: 3, force: false, groups: ['gpu'] }), { type: 'evict', ids: ['a'] })
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: false, groups: ['gpu'] }), {
      type: 'evict',
      ids: ['a', 'b'],
    })
  })
})

describe('giving memory back', () => {
  it('chooses the least recently used idle model, one at a time, and none that is pinned', () => {
    const models = [
      model('pinned', 0, { pinned: true }),
      model('busy', 1, { inFlight: 1 }),
      model('b', 3),
      model('c', 2),
    ]
    assert.equal(leastMissed(models, false), 'c')
    assert.equal(leastMissed([...models, model('going', 9, { phase: 'stopping' })], false), undefined)
    const later = model('later', 9, { phase: 'stopping', inFlight: 1 })
    assert.equal(leastMissed([...models, later], false), 'c')
    assert.equal(leastMissed(models.slice(0, 2), false), undefined)
    assert.equal(leastMissed(models.slice(0, 2), true), 'busy')
  })
})
