import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createPulse } from '../../../../src/workers/lease/run-lease.ts'

it('a worker that has computed nothing between two looks is not at work', async () => {
  let [now, computed] = [0, 100]
  const isAtWork = createPulse({ computedMs: async () => computed }, () => now)
  assert.equal(await isAtWork(), true)
  now += 5000
  computed += 10
  assert.equal(await isAtWork(), true)
  now += 5000
  assert.equal(await isAtWork(), false)
  // The last look was long ago: it may have had nothing to do since.
  now += 60_000
  assert.equal(await isAtWork(), true)
})

it('where nobody can tell, a worker is at work', async () => {
  const isAtWork = createPulse({ computedMs: async () => undefined }, () => 0)
  for (let look = 0; look < 3; look += 1) assert.equal(await isAtWork(), true)
  assert.equal(await createPulse({})(), true)
})
