import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRetryBudget } from '../../../src/federation/retry-budget.ts'

test('a burst of retries is allowed, then as many a second as the budget gives', () => {
  let at = 0
  const mayRetry = createRetryBudget(() => at, { perSecond: 2, burst: 3 })
  const allowed = (tries: number): number => Array.from({ length: tries }, mayRetry).filter(Boolean).length
  assert.equal(allowed(10), 3)
  at = 499
  assert.equal(allowed(10), 0)
  at = 500
  assert.equal(allowed(10), 1)
  at = 60_000
  assert.equal(allowed(10), 3, 'what is not used does not pile up')
})
