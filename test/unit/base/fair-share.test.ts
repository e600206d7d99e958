import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { holdsMost, judgeClaim } from '../../../src/base/fair-share.ts'
import { seededRandom } from '../../support/random.ts'

/** Takes one after the other, by turns, until nobody gets any more; gives back what each has. */
function takeAll(total: number, holders: number): readonly number[] {
  const owns = Array<number>(holders).fill(0)
  for (let refused = 0, turn = 0; refused < holders; turn = (turn + 1) % holders) {
    const own = owns[turn] ?? 0
    const taken = owns.reduce((sum, one) => sum + one, 0)
    if (judgeClaim({ total, taken, own, amount: 1 }) === 'granted') {
      owns[turn] = own + 1
      refused = 0
    } else refused += 1
  }
  return owns
}

describe('a claim on what all share', () => {
  const rows: readonly [says: string, claim: Parameters<typeof judgeClaim>[0], verdict: string][] = [
    ['the first of one place', { total: 1, taken: 0, own: 0, amount: 1 }, 'granted'],
    ['more than there is', { total: 1, taken: 1, own: 1, amount: 1 }, 'full'],
    ['something large, by who has nothing', { total: 10, taken: 0, own: 0, amount: 10 }, 'granted'],
    ['up to half, alone', { total: 10, taken: 4, own: 4, amount: 1 }, 'granted'],
    ['more than half, alone', { total: 10, taken: 5, own: 5, amount: 1 }, 'over-share'],
    ['a third beside another third', { total: 9, taken: 5, own: 2, amount: 1 }, 'granted'],
    ['more than that', { total: 9, taken: 6, own: 3, amount: 1 }, 'over-share'],
    ['the last, by who has nothing', { total: 9, taken: 8, own: 0, amount: 1 }, 'granted'],
    ['nothing of a total of nothing', { total: 0, taken: 0, own: 0, amount: 1 }, 'full'],
  ]
  for (const [says, claim, verdict] of rows) it(`${verdict}: ${says}`, () => assert.equal(judgeClaim(claim), verdict))

  it('leaves the next one as much as everybody has', () => {
    assert.deepEqual(takeAll(512, 1), [256])
    assert.deepEqual(takeAll(512, 3), [128, 128, 128])
    assert.deepEqual(takeAll(100, 4), [20, 20, 20, 20])
  })

  it('always lets in who has nothing, while others can only fill what they hold by taking and giving back', () => {
    const random = seededRandom(7)
    const total = 64
    const owns = [0, 0, 0, 0, 0]
    for (let step = 0; step < 5000; step += 1) {
      const taken = owns.reduce((sum, one) => sum + one, 0)
      const who = Math.floor(random() * owns.length)
      const own = owns[who] ?? 0
      if (random() < 0.3) owns[who] = Math.max(0, own - 1)
      else if (judgeClaim({ total, taken, own, amount: 1 }) === 'granted') owns[who] = own + 1
      const now = owns.reduce((sum, one) => sum + one, 0)
      assert.equal(judgeClaim({ total, taken: now, own: 0, amount: 1 }), 'granted')
    }
  })
})

describe('who lets go when there is too much', () => {
  const thing = (owner: string, amount: number, mayGo = true) => ({ owner, amount, mayGo })

  it('is whoever has the most together, of equals whoever comes first', () => {
    assert.equal(holdsMost([thing('a', 3), thing('b', 2), thing('b', 2)]), 'b')
    assert.equal(holdsMost([thing('b', 2), thing('a', 2)]), 'b')
  })

  it('is nobody who has nothing that may go, though what may not counts', () => {
    assert.equal(holdsMost([thing('a', 9, false), thing('b', 1)]), 'b')
    assert.equal(holdsMost([thing('a', 9, false), thing('a', 0), thing('b', 1)]), 'a')
    assert.equal(holdsMost([thing('a', 9, false)]), undefined)
    assert.equal(holdsMost([]), undefined)
  })
})
