import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SCENARIOS } from '../../../bench/support/sim-scenarios.ts'

const init = { seconds: 100, seeds: 1 }

async function figuresOf(name: string) {
  const scenario = SCENARIOS[name]
  assert.ok(scenario !== undefined)
  return (await scenario(init)).figures
}

// Virtual time and fixed dice: the same figures on every machine, but for the noise of the rounding of logarithms.
test('on unequal nodes the default policy is stable and as good as one that knows every queue', async () => {
  const figures = await figuresOf('unequal-75')
  assert.equal(figures['stable'], true)
  assert.ok(Number(figures['ours p99 / oracle']) < 1.2, JSON.stringify(figures))
  assert.ok(Number(figures['LocalAI p99 / ours']) > 10, JSON.stringify(figures))
})

test('conversations find the node that knows them, through several entries', async () => {
  const figures = await figuresOf('talks-3-entries')
  assert.ok(Number(figures['hits %']) > 85, JSON.stringify(figures))
  assert.ok(Number(figures['round robin first token / ours']) > 2, JSON.stringify(figures))
})
