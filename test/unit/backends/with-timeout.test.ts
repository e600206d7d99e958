import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SYSTEM_CLOCK } from '../../../src/backends/clock.ts'
import { within, withTimeout } from '../../../src/backends/with-timeout.ts'

/** Node takes a longer time for one millisecond. */
const LONGER_THAN_TIMERS = 2 ** 31

async function done(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  setTimeout(() => resolve('done'), 10)
  return await promise
}

describe('a time that is longer than timers know', () => {
  it('is not over at once', async () => {
    assert.equal(await within(done(), LONGER_THAN_TIMERS), 'done')
    const work = async (signal: AbortSignal): Promise<string> => {
      const text = await done()
      signal.throwIfAborted()
      return text
    }
    const reason = (): Error => new Error('too late')
    assert.equal(await withTimeout(work, { timeoutMs: LONGER_THAN_TIMERS, reason }), 'done')
  })

  it('is no reason to look all the time', async () => {
    let looks = 0
    const stop = SYSTEM_CLOCK.every(LONGER_THAN_TIMERS, () => {
      looks += 1
    })
    await done()
    stop()
    assert.equal(looks, 0)
  })
})
