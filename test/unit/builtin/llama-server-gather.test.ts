import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGather } from '../../../src/builtin/llama-cpp/llama-server/gather-wakes.ts'

describe('readers of one pass', () => {
  it('are woken at once when they are few', () => {
    const woken: string[] = []
    const gather = createGather({ active: () => 2, from: 3, delayMs: 1 })
    gather(() => woken.push('a'))
    assert.deepEqual(woken, ['a'])
  })

  it('are woken together when the last of them has its event', () => {
    const woken: string[] = []
    const gather = createGather({ active: () => 3, from: 3, delayMs: 60_000 })
    gather(() => woken.push('a'))
    gather(() => woken.push('b'))
    assert.equal(woken.length, 0)
    gather(() => woken.push('c'))
    assert.deepEqual(woken, ['a', 'b', 'c'])
  })

  it('do not wait for one that has nothing', async () => {
    const woken = Promise.withResolvers<void>()
    const gather = createGather({ active: () => 3, from: 3, delayMs: 1 })
    gather(woken.resolve)
    await woken.promise
  })
})
