import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBudget } from '../../../src/api/budget.ts'

describe('a budget', () => {
  it('has so much for all, and gives what was released to whoever comes next', () => {
    const budget = createBudget({ total: 10 })
    const first = budget.take('a', 6)
    assert.ok(first)
    assert.equal(budget.take('b', 5), undefined)
    assert.ok(budget.take('a', 4), 'nothing was held for the one that was refused')
    first.release()
    first.release()
    assert.ok(budget.take('b', 6))
    assert.equal(budget.take('b', 1), undefined, 'a second release gave nothing more')
  })

  it('has so much for each source', () => {
    const budget = createBudget({ total: 10, perSource: 4 })
    const first = budget.take('a', 4)
    assert.equal(budget.take('a', 1), undefined)
    assert.ok(budget.take('b', 4))
    assert.equal(budget.take('c', 3), undefined)
    first?.release()
    assert.ok(budget.take('a', 3))
  })

  it('takes back what a holder does not need', () => {
    const budget = createBudget({ total: 10, perSource: 10 })
    const first = budget.take('a', 10)
    first?.shrinkTo(3)
    first?.shrinkTo(8)
    assert.equal(budget.take('a', 8), undefined)
    assert.ok(budget.take('a', 7))
    first?.release()
    first?.shrinkTo(1)
    assert.equal(budget.take('a', 4), undefined)
    assert.ok(budget.take('a', 3))
  })
})
