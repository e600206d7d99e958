import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NewestMap, NewestSet } from '../../../src/base/newest-map.ts'

describe('a map that keeps the newest', () => {
  it('lets go what was set longest ago, and counts setting again as new', () => {
    const map = new NewestMap<string, number>(2)
    map.set('a', 1).set('b', 2).set('a', 3).set('c', 4)
    assert.deepEqual(
      [...map],
      [
        ['a', 3],
        ['c', 4],
      ],
    )
  })

  it('keeps a key that may be undefined itself', () => {
    const map = new NewestMap<string | undefined, number>(1)
    map.set(undefined, 1).set('a', 2)
    assert.deepEqual([...map.keys()], ['a'])
  })
})

describe('a set that keeps the newest', () => {
  it('lets go what was added longest ago', () => {
    const set = new NewestSet<number>(2)
    set.add(1).add(2).add(1).add(3)
    assert.deepEqual([...set], [1, 3])
  })
})
