import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { createGuardWorker } from '../../../../src/workers/wire/guard-worker.ts'
import { askOn } from '../../../support/hostile-member.ts'
import { allocate, MEMORY_BYTES, prepare, startGuarded } from '../../../support/rpc-guarded.ts'
import {
  deviceCount,
  deviceMemory,
  freeBuffer,
  getAllocSize,
  getTensor,
  graphCompute,
  graphRecompute,
  hello,
  message,
  setTensor,
  setTensorHash,
  tensor,
} from '../../../support/rpc-messages.ts'
import { startRpcWorker } from '../../../support/rpc-worker.ts'

describe('a guard between a user and a worker', () => {
  it('passes a session on, with capabilities and memory cut to what was lent', async () => {
    const guarded = startGuarded()
    const greeting = await guarded.ask(hello)
    assert.deepEqual([...greeting], [7, 0, 0, 0, ...Array(24).fill(0)])
    await guarded.ask(deviceCount)
    const { handle, base } = await allocate(guarded, 4096)
    const memory = await guarded.ask(deviceMemory)
    assert.equal(Number(memory.readBigUInt64LE(0)), MEMORY_BYTES - 4096)
    assert.equal(Number(memory.readBigUInt64LE(8)), MEMORY_BYTES)

    const a = tensor({ id: 1, buffer: handle, data: base, ne: [16] })
    guarded.client.write(setTensor(a, 4, Buffer.from('weights!')))
    assert.deepEqual(await guarded.ask(getTensor(a, 0, 64)), Buffer.alloc(64))
    assert.deepEqual(guarded.worker.memory.get(base + 4), Buffer.from('weights!'))

    const scaled = tensor({ id: 2, buffer: handle, data: base + 64, ne: [16], op: 32, src: [1] })
    guarded.client.write(graphCompute([2], [a, scaled]))
    guarded.client.write(graphRecompute)
    await guarded.worker.waitFor(16)
    guarded.client.write(freeBuffer(handle))
    await guarded.worker.waitFor(4)
    assert.equal(Number((await guarded.ask(deviceMemory)).readBigUInt64LE(0)), MEMORY_BYTES)

    guarded.client.destroy()
    assert.deepEqual(await guarded.over, { type: 'client-left' })
    for (const side of guarded.sides) {
      assert.equal(side.destroyed, true)
      assert.deepEqual(
        side.eventNames().filter((name) => name === 'data' || name === 'drain'),
        [],
      )
    }
  })

  it('answers that there is no memory beyond what was lent, and goes on', async () => {
    const guarded = startGuarded()
    await prepare(guarded, 4096)
    assert.equal((await allocate(guarded, MEMORY_BYTES - 4096 + 1)).handle, 0)
    assert.notEqual((await allocate(guarded, MEMORY_BYTES - 4096)).handle, 0)
    assert.equal((await allocate(guarded, 1)).handle, 0)
    assert.equal(guarded.worker.seen.filter(({ command }) => command === 0).length, 2)
    guarded.client.destroy()
    await guarded.over
  })

  it('answers itself that a forgeable hash is not there, in order', async () => {
    const guarded = startGuarded()
    const { handle, base } = await prepare(guarded)
    const a = tensor({ buffer: handle, data: base, ne: [4] })
    guarded.client.write(getTensor(a, 0, 16))
    guarded.client.write(setTensorHash(a))
    assert.equal((await guarded.ask(getTensor(a, 0, 8))).length, 16)
    assert.deepEqual(await guarded.ask(Buffer.alloc(0)), Buffer.from([0]))
    assert.equal((await guarded.ask(Buffer.alloc(0))).length, 8)
    assert.equal(
      guarded.worker.seen.some(({ command }) => command === 7),
      false,
    )
    guarded.client.destroy()
    await guarded.over
  })

  it('asks for the size of a tensor without telling where it lies', async () => {
    const guarded = startGuarded()
    await prepare(guarded)
    // A handle of another worker, which ggml sends here.
    const foreign = tensor({ id: 3, buffer: 0x1234, data: 0x5678, ne: [4] })
    assert.equal((await guarded.ask(getAllocSize(foreign, [foreign]))).readBigUInt64LE(0), 64n)
    const asked = guarded.worker.seen.at(-1)?.body
    assert.equal(asked?.readBigUInt64LE(4 + 12), 0n)
    assert.equal(asked?.readBigUInt64LE(4 + 296 + 220), 0n)
    guarded.client.destroy()
    await guarded.over
  })

  it('passes data larger than any buffer of its own on in pieces, at the pace of the worker', async () => {
    const guarded = startGuarded({ limits: { memoryBytes: 2 ** 24, stallTimeoutMs: 60_000 } })
    const { handle, base } = await prepare(guarded, 2 ** 21)
    const large = tensor({ buffer: handle, data: base, ne: [2 ** 19] })
    const data = Buffer.alloc(2 ** 21, 7)
    guarded.client.write(setTensor(large, 0, data))
    const back = await guarded.ask(getTensor(large, 0, 2 ** 21))
    assert.equal(back.length, 2 ** 21)
    assert.ok(guarded.worker.memory.get(base)?.equals(data))
    guarded.client.destroy()
    await guarded.over
  })

  it('ends when a message stays unfinished, and not while a user thinks', async () => {
    const guarded = startGuarded({ limits: { memoryBytes: 100, stallTimeoutMs: 20 } })
    assert.deepEqual(await guarded.over, { type: 'refused', reason: 'nothing came for too long' })

    const thinking = startGuarded({ limits: { memoryBytes: 100, stallTimeoutMs: 20 } })
    await thinking.ask(hello)
    const { promise, resolve } = Promise.withResolvers<void>()
    setTimeout(resolve, 60)
    await promise
    assert.equal((await thinking.ask(deviceCount)).length, 4)
    thinking.client.write(hello.subarray(0, 5))
    assert.equal((await thinking.over).type, 'refused')
  })

  it('ends with the worker, with what a worker never says, and with the signal', async () => {
    const left = startGuarded()
    await left.ask(hello)
    left.sides[1]?.destroy()
    assert.deepEqual(await left.over, { type: 'worker-left' })

    const mad = startGuarded()
    await prepare(mad)
    mad.sides[1]?.push(Buffer.alloc(8))
    mad.client.write(deviceMemory)
    assert.deepEqual(await mad.over, { type: 'worker-left' })

    const cut = new AbortController()
    const stopped = startGuarded({ signal: cut.signal })
    await stopped.ask(hello)
    cut.abort(new Error('no longer lent'))
    await assert.rejects(stopped.over, /no longer lent/)
    assert.deepEqual(
      stopped.sides.map((side) => side.destroyed),
      [true, true],
    )
  })

  it('ends with a worker that does nothing while it owes an answer, or while it takes nothing', async () => {
    for (const owes of ['an answer', 'to take data']) {
      const [client, clientSide] = duplexPair()
      const [workerSide, workerSocket] = duplexPair()
      startRpcWorker(workerSocket)
      let looks = 0
      const isAtWork = async (): Promise<boolean> => {
        looks += 1
        return looks < 3
      }
      const over = createGuardWorker({ pieces: true })(
        { client: clientSide, worker: workerSide },
        { limits: { memoryBytes: 2 ** 24, stallTimeoutMs: 60_000 }, workerWatch: { everyMs: 5, isAtWork } },
      )
      const { handle, base } = await prepare({ ask: askOn(client) }, 2 ** 22)
      workerSocket.pause()
      const large = tensor({ buffer: handle, data: base, ne: [2 ** 20] })
      client.write(owes === 'an answer' ? deviceMemory : setTensor(large, 0, Buffer.alloc(2 ** 22)))
      assert.deepEqual(await over, { type: 'worker-left' }, owes)
      assert.equal(looks, 3)
    }
  })

  it('knows nothing of pieces where they were not agreed', async () => {
    const guarded = startGuarded({}, { pieces: false })
    await guarded.ask(hello)
    guarded.client.write(message(0x70, Buffer.alloc(344)))
    assert.deepEqual(await guarded.over, { type: 'refused', reason: 'unknown command 112' })
  })
})
