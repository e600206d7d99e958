import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { raceSignal } from '../../../src/base/signals.ts'

describe('a promise that is waited for while a signal allows it', () => {
  it('settles as the promise does', async () => {
    const { signal } = new AbortController()
    assert.equal(await raceSignal(Promise.resolve(1), signal), 1)
    assert.equal(await raceSignal(Promise.resolve(2), undefined), 2)
    await assert.rejects(raceSignal(Promise.reject(new Error('no')), signal), /no/)
  })

  it('rejects with the reason of the signal, however late the promise settles', async () => {
    const controller = new AbortController()
    const waiting = raceSignal(new Promise<never>(() => {}), controller.signal)
    controller.abort(new Error('left'))
    await assert.rejects(waiting, /left/)
  })

  it('ends no process when the promise fails after somebody who had already left has asked for it', async (t) => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    t.after(() => process.off('unhandledRejection', note))
    const { promise, reject } = Promise.withResolvers<never>()
    await assert.rejects(raceSignal(promise, AbortSignal.abort(new Error('left'))), /left/)
    reject(new Error('too late'))
    await nextTurn()
    await nextTurn()
    assert.deepEqual(unhandled, [])
  })
})
