import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ModelLease } from '../../../src/backends/model-lease.ts'
import { waitForLoad } from '../../../src/backends/wait-for-load.ts'

function createLoad() {
  const { promise, resolve, reject } = Promise.withResolvers<ModelLease>()
  let given = 0
  let signal: AbortSignal | undefined
  const lease = {
    [Symbol.dispose]() {
      given += 1
    },
  } as ModelLease
  return {
    lease,
    finish: () => resolve(lease),
    givenBack: () => given,
    signal: () => signal,
    acquire(given: AbortSignal) {
      signal = given
      given.addEventListener('abort', () => reject(given.reason))
      return promise
    },
  }
}

test('who waits long enough gets the model', async () => {
  const load = createLoad()
  const waiting = waitForLoad(load.acquire, { model: 'm', waitMs: 60_000 })
  load.finish()
  assert.equal(await waiting, load.lease)
  assert.equal(load.givenBack(), 0)
})

test('who waited too long is told what for; the load goes on, and what it gives is given back', async () => {
  const load = createLoad()
  const leave = new AbortController()
  const waiting = waitForLoad(load.acquire, { model: 'm', waitMs: 5, signal: leave.signal })
  await assert.rejects(waiting, { name: 'AppError', code: 'model.loading', message: /"m" is still being loaded/ })
  leave.abort()
  assert.equal(load.signal()?.aborted, false)
  load.finish()
  await new Promise(setImmediate)
  assert.equal(load.givenBack(), 1)
})

test('who leaves while waiting calls it off', async () => {
  const load = createLoad()
  const leave = new AbortController()
  const waiting = waitForLoad(load.acquire, { model: 'm', waitMs: 60_000, signal: leave.signal })
  leave.abort(new Error('gone'))
  await assert.rejects(waiting, /gone/)
  await assert.rejects(waitForLoad(createLoad().acquire, { model: 'm', waitMs: 9, signal: AbortSignal.abort() }))
})
