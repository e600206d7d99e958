import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lifecycle, type Startable } from '../../../src/base/lifecycle.ts'
import { raceSignal } from '../../../src/base/signals.ts'

function part(name: string, log: string[], failure?: Error): Startable {
  return {
    async start() {
      log.push(`start ${name}`)
      if (failure !== undefined) throw failure
    },
    async stop() {
      log.push(`stop ${name}`)
    },
  }
}

describe('a lifecycle', () => {
  it('starts in order and stops in reverse, once', async () => {
    const log: string[] = []
    const app = lifecycle([part('a', log), part('b', log)])
    await app.start()
    await app.stop()
    await app.stop()
    assert.deepEqual(log, ['start a', 'start b', 'stop b', 'stop a'])
  })

  it('stops what had started, the failed part included, when a start fails', async () => {
    const log: string[] = []
    const app = lifecycle([part('a', log), part('b', log, new Error('no')), part('c', log)])
    await assert.rejects(app.start(), /no/)
    assert.deepEqual(log, ['start a', 'start b', 'stop b', 'stop a'])
  })

  it('goes on stopping when one part cannot, and says so', async () => {
    const log: string[] = []
    const stubborn: Startable = { start: async () => {}, stop: () => Promise.reject(new Error('stuck')) }
    const app = lifecycle([part('a', log), stubborn])
    await app.start()
    await assert.rejects(app.stop(), AggregateError)
    assert.deepEqual(log, ['start a', 'stop a'])
  })

  it('starts nothing more once its signal has aborted', async () => {
    const log: string[] = []
    const app = lifecycle([part('a', log)])
    await assert.rejects(app.start({ signal: AbortSignal.abort(new Error('enough')) }), /enough/)
    assert.deepEqual(log, [])
  })
})

describe('raceSignal', () => {
  it('rejects with the reason while the work goes on', async () => {
    const controller = new AbortController()
    const work = Promise.withResolvers<number>()
    const raced = raceSignal(work.promise, controller.signal)
    controller.abort(new Error('late'))
    await assert.rejects(raced, /late/)
    work.resolve(1)
    assert.equal(await raceSignal(work.promise, new AbortController().signal), 1)
  })
})
