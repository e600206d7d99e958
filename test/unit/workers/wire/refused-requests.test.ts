import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ATTACKS } from '../../../support/rpc-attacks.ts'
import { prepare, startGuarded } from '../../../support/rpc-guarded.ts'
import {
  allocBuffer,
  bufferClear,
  freeBuffer,
  graphCompute,
  graphRecompute,
  message,
  tensor,
} from '../../../support/rpc-messages.ts'
import { BASE, FIRST_HANDLE } from '../../../support/rpc-worker.ts'

describe('requests that a worker must never see', () => {
  for (const [name, attack] of Object.entries(ATTACKS)) {
    it(name, async () => {
      const guarded = startGuarded()
      await prepare(guarded)
      const before = guarded.worker.seen.length
      guarded.client.write(attack)
      const end = await guarded.over
      assert.equal(end.type, 'refused')
      assert.equal(guarded.worker.seen.length, before)
      assert.deepEqual(
        guarded.sides.map((side) => side.destroyed),
        [true, true],
      )
    })
  }

  it('a buffer that was given back', async () => {
    const guarded = startGuarded()
    const { handle } = await prepare(guarded)
    guarded.client.write(Buffer.concat([freeBuffer(handle), bufferClear(handle)]))
    assert.deepEqual(await guarded.over, { type: 'refused', reason: 'unknown buffer' })
    assert.equal(
      guarded.worker.seen.some(({ command }) => command === 5),
      false,
    )
  })

  it('the last graph again, when a buffer that it may use was given back', async () => {
    const guarded = startGuarded()
    const { handle } = await prepare(guarded)
    guarded.client.write(
      Buffer.concat([
        graphCompute([1], [tensor({ buffer: FIRST_HANDLE, data: BASE, ne: [16], id: 1 })]),
        graphRecompute,
      ]),
    )
    await guarded.worker.waitFor(16)
    guarded.client.write(Buffer.concat([freeBuffer(handle), graphRecompute]))
    assert.deepEqual(await guarded.over, { type: 'refused', reason: 'no graph to compute again' })
    assert.equal(guarded.worker.seen.filter(({ command }) => command === 16).length, 1)
  })

  it('anything before HELLO, and a HELLO that asks for another transport', async () => {
    for (const first of [
      allocBuffer(16),
      message(15),
      message(14, Buffer.alloc(24, 1)),
      message(14, Buffer.alloc(23)),
    ]) {
      const guarded = startGuarded()
      guarded.client.write(first)
      assert.equal((await guarded.over).type, 'refused')
      assert.deepEqual(guarded.worker.seen, [])
    }
  })
})
