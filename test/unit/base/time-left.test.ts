import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { timeLeftMs } from '../../../src/base/time-left.ts'

describe('what is left of a time', () => {
  const cases: readonly (readonly [what: string, until: number, now: number, left: number])[] = [
    ['is all of it at its beginning', 1100, 1000, 100],
    ['is the rest of it later', 1100, 1099, 1],
    ['is nothing at its end', 1100, 1100, 0],
    ['is nothing behind its end', 1100, 5000, 0],
    ['is nothing when the clock went back since', 1100, 999, 0],
    ['is nothing when it never began', Number.NEGATIVE_INFINITY, 1000, 0],
  ]
  for (const [what, until, now, left] of cases) {
    it(what, () => {
      assert.equal(timeLeftMs(until, now, 100), left)
    })
  }
})
