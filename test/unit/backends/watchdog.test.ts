import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { overdueModels } from '../../../src/backends/watchdog.ts'

describe('the watchdog', () => {
  const models = [
    { id: 'idle', lastUsed: 100, pinned: false },
    { id: 'pinned', lastUsed: 100, pinned: true },
    { id: 'busy', lastUsed: 900, busySince: 200, pinned: true },
  ]

  it('finds nothing without limits, nor at the very limit', () => {
    assert.deepEqual(overdueModels(models, {}, 1e9), [])
    assert.deepEqual(overdueModels(models, { idleTimeoutMs: 900, busyTimeoutMs: 800 }, 1_000), [])
  })

  it('finds the idle by when they were last used, and lets the pinned be', () => {
    assert.deepEqual(overdueModels(models, { idleTimeoutMs: 899 }, 1_000), [{ id: 'idle', reason: 'idle' }])
  })

  it('finds the busy by their oldest request, however recently another began', () => {
    assert.deepEqual(overdueModels(models, { busyTimeoutMs: 799 }, 1_000), [{ id: 'busy', reason: 'busy' }])
  })
})
