import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { raceDial } from '../../../../src/p2p/discovery/race-dial.ts'

/** Dials that are settled by hand. */
function stage() {
  const dials = new Map<string, PromiseWithResolvers<string> & { readonly signal: AbortSignal }>()
  const failed: string[] = []
  const discarded: string[] = []
  const dial = (address: string, { signal }: { readonly signal: AbortSignal }) => {
    const entry = { ...Promise.withResolvers<string>(), signal }
    dials.set(address, entry)
    return entry.promise
  }
  const init = {
    staggerMs: 250,
    onFailure: (address: string) => void failed.push(address),
    discard: (late: string) => void discarded.push(late),
  }
  const started = () => [...dials.keys()]
  const settle = (address: string) => {
    const entry = dials.get(address)
    assert.ok(entry)
    return entry
  }
  return { dial, init, started, settle, failed, discarded }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('raceDial', () => {
  it('does not wait for an address that keeps silent, and stops the losers', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const { dial, init, started, settle, discarded } = stage()
    const race = raceDial(['a', 'b', 'c'], dial, init)
    assert.deepEqual(started(), ['a'])
    context.mock.timers.tick(249)
    assert.deepEqual(started(), ['a'])
    context.mock.timers.tick(1)
    assert.deepEqual(started(), ['a', 'b'])
    settle('b').resolve('through b')
    assert.equal(await race, 'through b')
    assert.equal(settle('a').signal.aborted, true)
    context.mock.timers.tick(1000)
    assert.deepEqual(started(), ['a', 'b'], 'nothing is dialled after that')
    settle('a').resolve('late a')
    await turn()
    assert.deepEqual(discarded, ['late a'])
  })

  it('goes on at once after a failure, and fails with all of them', async () => {
    const { dial, init, started, settle, failed } = stage()
    const race = raceDial(['a', 'b'], dial, init)
    settle('a').reject(new Error('refused'))
    await turn()
    assert.deepEqual(started(), ['a', 'b'])
    settle('b').reject(new Error('silent'))
    await assert.rejects(race, (error) => error instanceof AggregateError && error.errors.length === 2)
    assert.deepEqual(failed, ['a', 'b'])
  })

  it('ends with the signal, and reports nothing after that', async () => {
    const { dial, init, settle, failed } = stage()
    const controller = new AbortController()
    const race = raceDial(['a'], dial, { ...init, signal: controller.signal })
    controller.abort(new Error('stop'))
    await assert.rejects(race, /stop/)
    assert.equal(settle('a').signal.aborted, true)
    settle('a').reject(new Error('aborted'))
    await turn()
    assert.deepEqual(failed, [])
    await assert.rejects(raceDial(['a'], mock.fn(dial), { ...init, signal: controller.signal }), /stop/)
  })

  it('fails when there is nothing to dial', async () => {
    const { dial, init } = stage()
    await assert.rejects(raceDial([], dial, init), AggregateError)
  })
})
