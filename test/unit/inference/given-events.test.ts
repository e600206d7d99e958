import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { InferenceEvent } from '../../../src/inference/events.ts'
import { createGivenEvents } from '../../../src/inference/given-events.ts'

const text = (...words: readonly string[]): InferenceEvent[] =>
  words.map((word) => ({ type: 'text-delta', text: word }))

describe('the events that were given out', () => {
  it('are not given out again, and what follows them is', () => {
    const given = createGivenEvents()
    given.begin()
    assert.deepEqual(text('a', 'b').map(given.isNew), [true, true])
    given.begin()
    assert.deepEqual(text('a', 'b', 'c').map(given.isNew), [false, false, true])
    given.begin()
    assert.deepEqual(text('a', 'b', 'c', 'd').map(given.isNew), [false, false, false, true])
    given.end()
    assert.equal(given.count(), 4)
  })

  it('must come again as they were, whatever ids their calls have', () => {
    const call = (id: string): InferenceEvent => ({ type: 'tool-call-start', index: 0, id, name: 'get' })
    const given = createGivenEvents()
    given.begin()
    assert.deepEqual([...text('a'), call('1')].map(given.isNew), [true, true])
    given.begin()
    assert.deepEqual([...text('a'), call('2')].map(given.isNew), [false, false])
    const others: readonly InferenceEvent[][] = [
      [...text('b'), call('1')],
      [{ type: 'reasoning-delta', text: 'a' }, call('1')],
      [...text('a'), { type: 'tool-call-start', index: 0, id: '1', name: 'set' }],
    ]
    for (const other of others) {
      given.begin()
      assert.throws(() => other.map(given.isNew), { code: 'backend.failed' })
    }
  })

  it('must come again all of them', () => {
    const given = createGivenEvents()
    given.begin()
    text('a', 'b').map(given.isNew)
    given.begin()
    text('a').map(given.isNew)
    assert.throws(() => given.end(), { code: 'backend.failed' })
  })
})
