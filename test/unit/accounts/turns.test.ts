import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createTurns } from '../../../src/accounts/turns.ts'

/** Work that ends when the test says so. */
function gated() {
  const gate = Promise.withResolvers<void>()
  let begun = false
  return {
    work: async () => {
      begun = true
      await gate.promise
    },
    begun: () => begun,
    open: gate.resolve,
  }
}

describe('turns', () => {
  it('are taken by so many at once, the others wait in their order', async () => {
    const turns = createTurns({ atOnce: 2, waiting: 2 })
    const jobs = [gated(), gated(), gated(), gated()]
    const done = jobs.map((job) => turns.take(job.work))
    const begun = () => jobs.map((job) => job.begun())
    assert.deepEqual(begun(), [true, true, false, false])
    jobs[1]?.open()
    await done[1]
    await setImmediate()
    assert.deepEqual(begun(), [true, true, true, false])
    for (const job of jobs) job.open()
    await Promise.all(done)
    assert.deepEqual(begun(), [true, true, true, true])
  })

  it('are refused when too many wait', async () => {
    const turns = createTurns({ atOnce: 1, waiting: 1 })
    const jobs = [gated(), gated()]
    const done = jobs.map((job) => turns.take(job.work))
    await assert.rejects(
      turns.take(async () => {}),
      { code: 'request.rate-limited' },
    )
    for (const job of jobs) job.open()
    await Promise.all(done)
    await turns.take(async () => {})
  })

  it('are given on by whoever fails or gives up', async () => {
    const turns = createTurns({ atOnce: 1, waiting: 4 })
    const first = gated()
    const running = turns.take(first.work)
    const leaving = new AbortController()
    const left = turns.take(async () => assert.fail('has left'), { signal: leaving.signal })
    const failing = turns.take(async () => {
      throw new Error('no luck')
    })
    const last = turns.take(async () => 'mine')
    leaving.abort(new Error('left'))
    first.open()
    await running
    await assert.rejects(left, /left/)
    await assert.rejects(failing, /no luck/)
    assert.equal(await last, 'mine')
    assert.equal(await turns.take(async () => 'again'), 'again')
  })
})
