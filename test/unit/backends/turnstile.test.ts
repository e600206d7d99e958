import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTurnstile } from '../../../src/backends/turnstile.ts'

const SERIAL = { serial: true } as const

describe('the turnstile of a model', () => {
  it('lets in one after the other, in the order of coming', async () => {
    const turnstile = createTurnstile()
    const order: string[] = []
    async function visit(name: string): Promise<void> {
      using _place = await turnstile.enter('m', SERIAL)
      order.push(`${name} in`)
      await Promise.resolve()
      order.push(`${name} out`)
    }
    await Promise.all(['a', 'b', 'c'].map(visit))
    assert.deepEqual(order, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
  })

  it('loses no place to those who stop waiting', async () => {
    const turnstile = createTurnstile()
    const first = await turnstile.enter('m', SERIAL)
    const gone = new AbortController()
    const leaving = turnstile.enter('m', SERIAL, { signal: gone.signal })
    const staying = turnstile.enter('m', SERIAL)
    gone.abort(new Error('gone'))
    await assert.rejects(leaving, /gone/)
    first[Symbol.dispose]()
    const second = await staying
    second[Symbol.dispose]()
    using _again = await turnstile.enter('m', SERIAL)
  })

  it('passes a place on that came together with the abort', async () => {
    const turnstile = createTurnstile()
    const first = await turnstile.enter('m', SERIAL)
    const gone = new AbortController()
    const leaving = turnstile.enter('m', SERIAL, { signal: gone.signal })
    gone.abort(new Error('gone'))
    first[Symbol.dispose]()
    await assert.rejects(leaving, /gone/)
    using _next = await turnstile.enter('m', SERIAL)
  })

  it('counts whoever waits among those it works on', async () => {
    const turnstile = createTurnstile()
    const limits = { serial: true, maxConcurrent: 2 }
    const first = await turnstile.enter('m', limits)
    const second = turnstile.enter('m', limits)
    await assert.rejects(turnstile.enter('m', limits), { code: 'model.busy' })
    using _elsewhere = await turnstile.enter('other', limits)
    first[Symbol.dispose]()
    const held = await second
    held[Symbol.dispose]()
  })
})
