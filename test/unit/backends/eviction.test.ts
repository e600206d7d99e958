import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeRoom, type Occupant } from '../../../src/backends/eviction.ts'

const model = (id: string, lastUsed: number, more: Partial<Occupant> = {}): Occupant => ({
  id,
  phase: 'ready',
  inFlight: 0,
  lastUsed,
  ...more,
})

describe('making room for a model', () => {
  it('has room without a limit, and below it', () => {
    const many = Array.from({ length: 100 }, (_, index) => model(`m${index}`, index))
    assert.deepEqual(makeRoom(many, { maxActive: 0, force: false }), { type: 'room' })
    assert.deepEqual(makeRoom([model('a', 1)], { maxActive: 2, force: false }), { type: 'room' })
  })

  it('evicts the least recently used, as many as needed', () => {
    const models = [model('a', 3), model('b', 1), model('c', 2)]
    assert.deepEqual(makeRoom(models, { maxActive: 3, force: false }), { type: 'evict', ids: ['b'] })
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: false }), { type: 'evict', ids: ['b', 'c'] })
  })

  it('never evicts a busy or a starting one, and waits when there is no other', () => {
    const models = [model('a', 1, { inFlight: 1 }), model('b', 0, { phase: 'starting' })]
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: false }), { type: 'wait' })
    assert.deepEqual(makeRoom([...models, model('c', 9)], { maxActive: 3, force: false }), {
      type: 'evict',
      ids: ['c'],
    })
  })

  it('by force takes a busy one, but an idle one first', () => {
    const models = [model('busy', 1, { inFlight: 2 }), model('idle', 5)]
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: true }), { type: 'evict', ids: ['idle'] })
    assert.deepEqual(makeRoom(models, { maxActive: 1, force: true }), { type: 'evict', ids: ['idle', 'busy'] })
  })

  it('waits for one that is going already instead of evicting another', () => {
    const models = [model('going', 1, { phase: 'stopping' }), model('idle', 2)]
    assert.deepEqual(makeRoom(models, { maxActive: 2, force: true }), { type: 'wait' })
  })
})
