import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { everythingIsFree, heapAfterCollection, nothingIsHeld } from '../support/fuzz-aftermath.ts'
import { type FuzzResult, fuzz } from '../support/fuzz-run.ts'
import { type StartedTarget, TARGETS, WIDTH } from '../support/fuzz-targets.ts'

const SEED = 20_260
const TIMEOUT_MS = 30_000
const PER_ROUTE = 2
/** Twice what a run leaves behind; keeping only the requests that were refused would be 2 MB. */
const MOST_GROWTH_BYTES = 1_600_000

async function run(target: StartedTarget, seed: number): Promise<FuzzResult> {
  const result = await fuzz(target, { seed, perRoute: PER_ROUTE, width: WIDTH, timeoutMs: TIMEOUT_MS })
  assert.deepEqual(result.problems, [])
  return result
}

// `node test/soak/fuzz.ts --per-route 1000` sends more.
describe('bad requests to every route', () => {
  for (const [name, start] of Object.entries(TARGETS)) {
    it(`[API-FUZZ] are refused by ${name}, each in the words of its dialect, and leave nothing behind`, async () => {
      await using target = await start()
      assert.ok(target.routes.length > 10, 'there are routes')
      const { sent, statuses } = await run(target, SEED)
      assert.equal(sent, PER_ROUTE * target.routes.length)
      assert.ok((statuses.get(400) ?? 0) > sent / 10, 'most requests are bad')
      await nothingIsHeld(target)
      if (target.authorization !== undefined) await everythingIsFree(target, target.authorization)
    })
  }

  it('[API-FUZZ-MEMORY] keep no memory', async () => {
    await using target = await TARGETS['a node in a network']()
    await run(target, 1)
    const before = await heapAfterCollection()
    await run(target, 2)
    await nothingIsHeld(target)
    const grown = (await heapAfterCollection()) - before
    assert.ok(grown < MOST_GROWTH_BYTES, `${grown} bytes more than before`)
  })
})
