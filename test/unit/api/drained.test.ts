import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { drained } from '../../../src/api/drained.ts'

class Response extends EventEmitter {
  destroyed = false
  destroy(): void {
    this.destroyed = true
    queueMicrotask(() => this.emit('close'))
  }
}

function start() {
  const response = new Response()
  const controller = new AbortController()
  const wait = (stallTimeoutMs = 60_000): Promise<void> =>
    drained(response as unknown as ServerResponse, { stallTimeoutMs, signal: controller.signal })
  return { response, controller, wait }
}

describe('waiting for a client to read', () => {
  it('is over when it has read, and when it is gone, now or before', async () => {
    const { response, wait } = start()
    for (const event of ['drain', 'close']) {
      const waiting = wait()
      response.emit(event)
      await waiting
    }
    response.destroy()
    await wait()
    assert.equal(response.eventNames().length, 0)
  })

  it('ends with the reason of the signal', async () => {
    const { response, controller, wait } = start()
    const waiting = wait()
    controller.abort(new Error('stopping'))
    await assert.rejects(waiting, /stopping/)
    await assert.rejects(wait(), /stopping/)
    assert.equal(response.eventNames().length, 0)
  })

  it('cuts off who reads nothing', async () => {
    const { response, wait } = start()
    await assert.rejects(wait(1), { code: 'request.cancelled' })
    assert.ok(response.destroyed)
  })

  it('leaves no timer behind, of which a slow reader would make thousands', async (t) => {
    const open = new Set<number>()
    const hook = createHook({
      init: (id, type) => void (type === 'Timeout' && open.add(id)),
      destroy: (id) => void open.delete(id),
    }).enable()
    t.after(() => hook.disable())
    const { response, wait } = start()
    for (let times = 0; times < 10; times += 1) {
      const waiting = wait()
      response.emit('drain')
      await waiting
    }
    await nextTurn()
    await nextTurn()
    assert.equal(open.size, 0)
  })
})
