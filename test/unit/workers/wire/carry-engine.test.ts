import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { createCarryEngine } from '../../../../src/workers/wire/carry-engine.ts'
import { createGuardWorker } from '../../../../src/workers/wire/guard-worker.ts'
import type { StreamEvents, WeightStore } from '../../../../src/workers/worker-stream.ts'
import { allocate, type Guarded, startGuarded } from '../../../support/rpc-guarded.ts'
import {
  deviceCount,
  getTensor,
  graphCompute,
  hello,
  message,
  setTensor,
  setTensorHash,
  tensor,
  u64,
} from '../../../support/rpc-messages.ts'
import { type RpcWorker, startRpcWorker } from '../../../support/rpc-worker.ts'

const MIB = 2 ** 20

/** Pieces in memory, with what was asked of it. */
function pieceStore(): WeightStore & { readonly kept: Map<string, Buffer> } {
  const kept = new Map<string, Buffer>()
  return {
    kept,
    get: (hash) => Promise.resolve(kept.get(hash)),
    has: (hash) => Promise.resolve(kept.has(hash)),
    put: (hash, bytes) => Promise.resolve(void kept.set(hash, Buffer.from(bytes))),
    sizes: () => ({ bytes: 0, pieces: kept.size }),
  }
}

interface Carried extends Pick<Guarded, 'ask' | 'client'> {
  readonly worker: RpcWorker
  readonly sent: () => number
  readonly weights: { bytes: number; cached: boolean }[]
  end(): Promise<void>
}

/** An engine, the carrier, the guard and a worker, one after the other in this process. */
function startCarried(options: Partial<Parameters<ReturnType<typeof createGuardWorker>>[1]> = {}): Carried {
  const [engine, engineSide] = duplexPair()
  const [stream, guardSide] = duplexPair()
  const [workerSide, workerSocket] = duplexPair()
  const worker = startRpcWorker(workerSocket)
  const weights: { bytes: number; cached: boolean }[] = []
  let sent = 0
  const events: StreamEvents = {
    moved: (direction, bytes) => {
      if (direction === 'out') sent += bytes
    },
    weights: (fact) => weights.push(fact),
  }
  const limits = { memoryBytes: 64 * MIB, stallTimeoutMs: 60_000 }
  const guard = createGuardWorker({ pieces: true })({ client: guardSide, worker: workerSide }, { limits, ...options })
  const carry = createCarryEngine({ pieces: true })({ engine: engineSide, stream }, { events })
  return {
    ...askFrom(engine),
    worker,
    weights,
    sent: () => sent,
    async end() {
      engine.destroy()
      assert.deepEqual(await carry, { type: 'client-left' })
      assert.deepEqual(await guard, { type: 'client-left' })
    },
  }
}

function askFrom(client: Duplex): Pick<Guarded, 'ask' | 'client'> {
  let held = Buffer.alloc(0)
  let wake = () => {}
  client.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    wake()
  })
  return {
    client,
    async ask(request) {
      client.write(request)
      while (held.length < 8 || held.length < 8 + Number(held.readBigUInt64LE(0))) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const size = Number(held.readBigUInt64LE(0))
      const body = held.subarray(8, 8 + size)
      held = held.subarray(8 + size)
      return body
    },
  }
}

async function prepare(carried: Carried): Promise<{ handle: number; base: number }> {
  await carried.ask(hello)
  await carried.ask(deviceCount)
  return await allocate(carried, 32 * MIB)
}

/** Weights of `length` bytes that differ from piece to piece. */
function someWeights(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i += 4096) bytes.writeUInt32LE(i + 1, i)
  return bytes
}

describe('an engine carried to a worker', () => {
  it('sends weights once, in pieces by their hash, and the next time none', async () => {
    const store = pieceStore()
    const data = someWeights(9 * MIB + 100)
    const load = async (carried: Carried) => {
      const { handle, base } = await prepare(carried)
      const weight = tensor({ buffer: handle, data: base, ne: [3 * MIB], name: 'blk.0.ffn_up.weight' })
      assert.deepEqual(await carried.ask(setTensorHash(weight)), Buffer.from([0]))
      carried.client.write(setTensor(weight, 0, data))
      // The answer comes after all that was written before.
      assert.equal((await carried.ask(getTensor(weight, 0, 64))).length, 64)
      const parts = [0, 4 * MIB, 8 * MIB].map((offset) => carried.worker.memory.get(base + offset))
      assert.ok(Buffer.concat(parts.map((part) => part ?? Buffer.alloc(0))).equals(data))
      await carried.end()
    }
    const first = startCarried({ weights: store })
    await load(first)
    assert.deepEqual(
      first.weights.map(({ cached }) => cached),
      [false, false, false],
    )
    const hash = createHash('sha256')
      .update(data.subarray(0, 4 * MIB))
      .digest('hex')
    assert.ok(store.kept.get(hash)?.equals(data.subarray(0, 4 * MIB)))

    const second = startCarried({ weights: store })
    await load(second)
    assert.deepEqual(
      second.weights.map(({ cached }) => cached),
      [true, true, true],
    )
    assert.ok(second.sent() < 10_000, `${second.sent()} bytes sent`)
  })

  it('gets them from another member, and from the engine when what came is not what was asked for', async () => {
    const data = someWeights(MIB)
    for (const [given, cached] of [
      [data, true],
      [Buffer.alloc(MIB), false],
      [undefined, false],
    ] as const) {
      const store = pieceStore()
      const carried = startCarried({ weights: store, fetchWeights: () => Promise.resolve(given) })
      const { handle, base } = await prepare(carried)
      const weight = tensor({ buffer: handle, data: base, ne: [MIB / 4], name: 'output.weight' })
      carried.client.write(setTensor(weight, 0, data))
      await carried.ask(getTensor(weight, 0, 64))
      assert.ok(carried.worker.memory.get(base)?.equals(data))
      assert.deepEqual(carried.weights, [{ bytes: MIB, cached }])
      assert.equal(store.kept.size, 1)
      await carried.end()
    }
  })

  it('keeps nothing of what somebody asked: inputs are no weights, however large', async () => {
    const store = pieceStore()
    const carried = startCarried({ weights: store })
    const { handle, base } = await prepare(carried)
    const input = tensor({ buffer: handle, data: base, ne: [MIB / 4], name: 'CPU#blk.0.attn_norm.weight#0' })
    const state = tensor({ buffer: handle, data: base, ne: [MIB / 4], name: 'cache_k_l0' })
    carried.client.write(setTensor(input, 0, someWeights(MIB)))
    carried.client.write(setTensor(state, 0, someWeights(MIB)))
    await carried.ask(getTensor(input, 0, 64))
    assert.deepEqual([store.kept.size, carried.weights.length], [0, 0])
    await carried.end()
  })

  it('keeps the order of what goes to the same place, and of what is computed from it', async () => {
    const carried = startCarried()
    const { handle, base } = await prepare(carried)
    const weight = tensor({ id: 1, buffer: handle, data: base, ne: [MIB / 4], name: 'a.weight' })
    const square = tensor({ id: 2, buffer: handle, data: base + 2 * MIB, ne: [MIB / 4], op: 9, src: [1] })
    const data = someWeights(MIB)
    const requests = [
      setTensor(weight, 0, data),
      setTensor(weight, 16, Buffer.from('later')),
      graphCompute([2], [weight, square]),
    ]
    // At once, so that nothing but the carrier itself makes the second one wait.
    carried.client.write(Buffer.concat(requests))
    await carried.worker.waitFor(10)
    const order = carried.worker.seen.filter(({ command }) => command === 6 || command === 10)
    assert.deepEqual(
      order.map(({ command, body }) => [command, command === 6 ? Number(body.readBigUInt64LE(297)) : 0]),
      [
        [6, 0],
        [6, 16],
        [10, 0],
      ],
    )
    await carried.end()
  })

  it('ends with a worker that says it has more devices than any machine', async () => {
    const [engine, engineSide] = duplexPair()
    const [stream, lender] = duplexPair()
    const over = createCarryEngine({ pieces: true })({ engine: engineSide, stream }, {})
    engine.on('data', () => assert.fail('the engine was told'))
    engine.write(deviceCount)
    await once(lender, 'readable')
    lender.write(Buffer.concat([u64(4), Buffer.alloc(4, 0xff)]))
    assert.deepEqual(await over, { type: 'worker-left' })
  })

  it('tells at once when the engine has left, and says nothing of it when the worker went first', async () => {
    for (const first of ['engine', 'worker']) {
      const [engine, engineSide] = duplexPair()
      const [stream, lender] = duplexPair()
      const seen: string[] = []
      stream.once('close', () => seen.push('closed'))
      const events = { userLeft: () => void seen.push('left') }
      const over = createCarryEngine({ pieces: true })({ engine: engineSide, stream }, { events })
      const closed = once(stream, 'close')
      const end = first === 'engine' ? engine : lender
      end.destroy()
      await Promise.all([over, closed])
      assert.deepEqual(seen, first === 'engine' ? ['left', 'closed'] : ['closed'])
    }
  })

  it('ends with what is no RPC, and with the stream', async () => {
    const [engine, engineSide] = duplexPair()
    const [stream, far] = duplexPair()
    const over = createCarryEngine({ pieces: true })({ engine: engineSide, stream }, {})
    engine.on('error', () => {}).write(message(0x70, Buffer.alloc(344)))
    assert.deepEqual(await over, { type: 'refused', reason: 'unknown command 112' })

    const [, other] = duplexPair()
    const lost = createCarryEngine({ pieces: true })({ engine: other, stream: far }, {})
    assert.deepEqual(await lost, { type: 'worker-left' })
    assert.equal(other.destroyed, true)
  })
})

describe('pieces of weights at a guard', () => {
  const data = someWeights(MIB)
  const hash = createHash('sha256').update(data).digest()

  it('are written only when they are what their hash says', async () => {
    const store = pieceStore()
    const guarded = startGuarded({ weights: store, limits: { memoryBytes: 4 * MIB, stallTimeoutMs: 60_000 } })
    await guarded.ask(hello)
    await guarded.ask(deviceCount)
    const { handle, base } = await allocate(guarded, MIB)
    const weight = tensor({ buffer: handle, data: base, ne: [MIB / 4] })
    assert.deepEqual(await guarded.ask(message(0x70, weight, u64(0), u64(MIB), hash)), Buffer.from([0]))
    guarded.client.write(message(0x71, weight, u64(0), Buffer.alloc(32), data))
    assert.deepEqual(await guarded.over, { type: 'refused', reason: 'a piece that is not what its hash says' })
    assert.deepEqual([store.kept.size, guarded.worker.memory.size], [0, 0])
  })

  it('have all gone to the worker before what comes after them, whichever was found first', async () => {
    const slow = Promise.withResolvers<Buffer>()
    const store = pieceStore()
    const asked = Promise.withResolvers<void>()
    store.get = (wanted) => {
      if (wanted === hash.toString('hex')) return slow.promise
      asked.resolve()
      return Promise.resolve(Buffer.from('quick'))
    }
    const guarded = startGuarded({ weights: store, limits: { memoryBytes: 4 * MIB, stallTimeoutMs: 60_000 } })
    await guarded.ask(hello)
    await guarded.ask(deviceCount)
    const { handle, base } = await allocate(guarded, 2 * MIB)
    const weight = tensor({ buffer: handle, data: base, ne: [MIB / 2] })
    const offers = [
      message(0x70, weight, u64(0), u64(MIB), hash),
      message(0x70, weight, u64(MIB), u64(5), Buffer.alloc(32)),
    ]
    const first = guarded.ask(Buffer.concat([...offers, getTensor(weight, 0, 8)]))
    await asked.promise
    slow.resolve(data)
    assert.deepEqual(await first, Buffer.from([1]))
    assert.deepEqual(await guarded.ask(Buffer.alloc(0)), Buffer.from([1]))
    assert.equal((await guarded.ask(Buffer.alloc(0))).length, 8)
    const last = guarded.worker.seen.slice(-3)
    assert.deepEqual(
      last.map(({ command, body }) => [command, body.length]),
      [
        [6, 305 + MIB],
        [6, 310],
        [8, 312],
      ],
    )
    guarded.client.destroy()
    await guarded.over
  })

  it('stay inside the tensor, are no longer than they may be, and are what was offered', async () => {
    for (const request of [
      (weight: Buffer) => message(0x70, weight, u64(4), u64(MIB), hash),
      (weight: Buffer) => message(0x70, weight, u64(0), u64(4 * MIB + 1), hash),
      (weight: Buffer) => message(0x70, weight, u64(0), u64(0), hash),
      (weight: Buffer) => message(0x71, weight, u64(4), hash, data),
      (weight: Buffer) => message(0x71, weight, u64(0), hash, Buffer.alloc(4 * MIB + 1)),
    ]) {
      const store = pieceStore()
      store.kept.set(hash.toString('hex'), data)
      const guarded = startGuarded({ weights: store, limits: { memoryBytes: 4 * MIB, stallTimeoutMs: 60_000 } })
      await guarded.ask(hello)
      await guarded.ask(deviceCount)
      const { handle, base } = await allocate(guarded, MIB)
      guarded.client.write(request(tensor({ buffer: handle, data: base, ne: [MIB / 4] })))
      assert.equal((await guarded.over).type, 'refused')
      assert.equal(guarded.worker.memory.size, 0)
    }
    // A piece that is kept, but of another length than was offered.
    const store = pieceStore()
    store.kept.set(hash.toString('hex'), data)
    const guarded = startGuarded({ weights: store, limits: { memoryBytes: 4 * MIB, stallTimeoutMs: 60_000 } })
    await guarded.ask(hello)
    await guarded.ask(deviceCount)
    const { handle, base } = await allocate(guarded, MIB)
    const weight = tensor({ buffer: handle, data: base, ne: [MIB / 4] })
    assert.deepEqual(await guarded.ask(message(0x70, weight, u64(0), u64(64), hash)), Buffer.from([0]))
    assert.equal(guarded.worker.memory.size, 0)
    guarded.client.destroy()
    await guarded.over
  })
})
