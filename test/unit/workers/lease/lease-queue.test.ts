import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLeaseQueue } from '../../../../src/workers/lease/lease-queue.ts'

test('who waits is told with the time on the wall, and waits in turn', async () => {
  const queue = createLeaseQueue()
  const before = Date.now()
  const first = await queue.take({ peerId: 'a', model: 'm', waitMs: 1000 }, {})
  const second = queue.take({ peerId: 'b', model: 'm', waitMs: 60_000 }, {})
  const [waiting] = queue.waiting()
  assert.equal(waiting?.peerId, 'b')
  assert.ok(waiting.sinceUnixMs >= before && waiting.sinceUnixMs <= Date.now(), `${waiting.sinceUnixMs}`)
  first[Symbol.dispose]()
  const turn = await second
  assert.ok(Number.isInteger(turn.waitedMs) && turn.waitedMs >= 0)
  assert.deepEqual([queue.busy, queue.waiting()], [true, []])
  turn[Symbol.dispose]()
  assert.equal(queue.busy, false)
})
