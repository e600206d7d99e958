import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { createMetrics } from '../../../../src/telemetry/metrics.ts'
import { createRpcListener } from '../../../../src/workers/lease/rpc-listener.ts'
import { poll } from '../../../support/poll.ts'
import { fakeWorkers, MEBIBYTE, passOn } from './fakes.ts'

const log = pino({ level: 'silent' })

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return bytes.toString()
}

describe('a worker over TCP', () => {
  it('lends what is free when the turn comes, not what the last user had left', async () => {
    const workers = fakeWorkers()
    const free = () => (workers.running.some(({ stopped }) => !stopped) ? 10 : 100)
    const listener = createRpcListener(
      {
        ...{ log, metrics: createMetrics({ log }, { processMetrics: false }), guard: passOn, now: Date.now },
        worker: { start: workers.start },
        lendableBytes: () => free() * MEBIBYTE,
      },
      { host: '127.0.0.1', port: 0, threads: 1 },
    )
    await listener.start()
    try {
      const { port } = listener.address()
      const first = connect(port, '127.0.0.1')
      assert.equal(await echo(first, 'one'), 'one')
      const second = connect(port, '127.0.0.1')
      await once(second, 'connect')
      // Behind its answer, the listener has seen the second user as well.
      assert.equal(await echo(first, 'still here'), 'still here')
      const answer = echo(second, 'two')
      first.destroy()
      assert.equal(await answer, 'two')
      assert.deepEqual(
        workers.running.map(({ limits }) => limits),
        [100 * MEBIBYTE, 100 * MEBIBYTE],
      )
    } finally {
      await listener.stop()
    }
  })

  it('serves one user at a time, each with a worker of its own, and lets the next one wait', async () => {
    const workers = fakeWorkers()
    const listener = createRpcListener(
      {
        ...{ log, metrics: createMetrics({ log }, { processMetrics: false }), guard: passOn, now: Date.now },
        worker: { start: workers.start },
        lendableBytes: () => 100 * MEBIBYTE,
      },
      { host: '127.0.0.1', port: 0, threads: 1 },
    )
    await listener.start()
    try {
      const { port } = listener.address()
      const first = connect(port, '127.0.0.1')
      assert.equal(await echo(first, 'one'), 'one')
      const second = connect(port, '127.0.0.1')
      second.write('two')
      await once(second, 'connect')
      assert.equal(workers.running.length, 1)
      const answer = once(second, 'data')
      first.destroy()
      assert.equal(String((await answer)[0]), 'two')
      await poll('the first worker is gone', 5000, () => workers.running[0]?.stopped)
      const closed = once(second, 'close')
      await listener.stop()
      await closed
      assert.ok(workers.running.every(({ stopped }) => stopped))
    } finally {
      await listener.stop()
    }
  })
})
