import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overBudget } from '../../../../src/p2p/links/held-bytes.ts'
import { seededRandom } from '../../../support/random.ts'

interface Named {
  readonly name: string
  readonly heldBytes: number
}

function named(heldBytes: Readonly<Record<string, number>>): readonly Named[] {
  return Object.entries(heldBytes).map(([name, bytes]) => ({ name, heldBytes: bytes }))
}

const names = (victims: readonly Named[]): readonly string[] => victims.map(({ name }) => name)

test('nobody is reset within the budget', () => {
  assert.deepEqual(overBudget([], 10), [])
  assert.deepEqual(overBudget(named({ old: 4, new: 6 }), 10), [])
})

test('the newest goes first, and no more than needed', () => {
  assert.deepEqual(names(overBudget(named({ oldest: 6, middle: 6, newest: 6 }), 12)), ['newest'])
})

test('a new stream that holds little lives beside a greedy old one', () => {
  assert.deepEqual(names(overBudget(named({ greedy: 100, quiet: 1, newest: 2 }), 30)), ['greedy'])
})

test('what is left always fits, and only those above an equal share are reset', () => {
  const random = seededRandom(7)
  for (let round = 0; round < 2000; round += 1) {
    const sockets = Array.from({ length: 1 + Math.trunc(random() * 20) }, () => ({
      heldBytes: Math.trunc(random() ** 3 * 1000),
    }))
    const budget = Math.trunc(random() * 3000)
    const victims = new Set(overBudget(sockets, budget))
    const left = sockets.filter((socket) => !victims.has(socket)).reduce((sum, { heldBytes }) => sum + heldBytes, 0)
    assert.ok(left <= budget)
    for (const { heldBytes } of victims) assert.ok(heldBytes > budget / sockets.length)
  }
})
