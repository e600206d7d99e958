import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { AppError, type ErrorCode } from '../../../../src/base/errors.ts'
import type { ModelConfig } from '../../../../src/models/model-config.ts'
import { createLogger } from '../../../../src/telemetry/logger.ts'
import { createPlacer, type PlacerDeps } from '../../../../src/workers/placement/create-placer.ts'
import type { LeaseRequest, WorkerLease, WorkerPool, WorkerView } from '../../../../src/workers/worker-pool.ts'
import { fakeModel } from '../../../support/fake-backend/fixture.ts'
import { tinyChat } from '../../../support/tiny-models.ts'

const MIB = 2 ** 20
const signal = new AbortController().signal

/** 4 layers; alone it wants 210 MB with what the engine takes. */
const model = (more: Partial<ModelConfig> = {}): ModelConfig => fakeModel('tiny', { modelFile: tinyChat(), ...more })

function view(name: string, more: Partial<WorkerView> = {}): WorkerView {
  return {
    ...{ peerId: `id-${name}`, name, roundTripMs: 1, path: 'direct', protocol: '7.0.0', build: 'x', device: 'CPU' },
    ...{ memoryBytes: 500 * MIB, busy: false, waiting: 0, weightBytesPerSecond: { q8_0: 5e9 } },
    ...more,
  }
}

/** Workers, what was asked of them, and what became of it. */
function poolOf(views: readonly WorkerView[], refusals: Readonly<Record<string, ErrorCode>> = {}) {
  const asked: (LeaseRequest & { readonly peerId: string })[] = []
  const held = new Map<string, () => void>()
  const pool: WorkerPool = {
    list: () => views,
    async lease(peerId, request) {
      asked.push({ ...request, peerId })
      const code = refusals[peerId]
      if (code !== undefined) throw new AppError(code, `${peerId} says no`)
      const over = Promise.withResolvers<void>()
      held.set(peerId, over.resolve)
      const lease: WorkerLease = {
        ...{
          peerId,
          name: peerId.slice(3),
          stream: new PassThrough(),
          over: over.promise,
          takesHashes: true,
          events: {},
        },
        async [Symbol.asyncDispose]() {
          held.delete(peerId)
          over.resolve()
        },
      }
      return lease
    },
  }
  return { pool, asked, held }
}

function placerOf(pool: WorkerPool | undefined, more: Partial<PlacerDeps> = {}, homeMib = 20) {
  const connected: (readonly number[])[] = []
  const placer = createPlacer(
    {
      log: createLogger({ level: 'silent', format: 'json' }),
      pool: () => pool,
      at: async () => undefined,
      home: () => ({
        ...{ id: 'home', name: 'home', memoryBytes: homeMib * MIB, weightBytesPerSecond: {}, roundTripMs: 0 },
      }),
      measure: async () => {},
      others: () => [],
      async connect(leases, steps) {
        connected.push(steps)
        return {
          environment: { LLAMA_RPC_SERVERS: steps.join() },
          lost: Promise.race(leases.map((lease) => lease.over.then(() => lease))),
          async [Symbol.asyncDispose]() {
            for (const lease of leases) await lease[Symbol.asyncDispose]()
          },
        }
      },
      now: () => 0,
      ...more,
    },
    { wishes: () => ({}), parallel: 1 },
  )
  return { placer, connected }
}

describe('placing a model', () => {
  it('borrows what it planned, tells the engine how many layers go, and gives all back', async () => {
    const { pool, asked, held } = poolOf([view('a')])
    const { placer, connected } = placerOf(pool, {}, 300)
    const placement = await placer.place(model({ options: ['split:force'] }), { signal })
    assert.deepEqual(connected, [[5]])
    assert.deepEqual(placement?.environment, { LLAMA_RPC_SERVERS: '5' })
    assert.deepEqual(placement?.options, { NGPULayers: 5 })
    assert.equal(asked[0]?.layers, 4)
    assert.equal(placer.placed()[0]?.plan.verdict, 'split')
    await placement?.[Symbol.asyncDispose]()
    assert.equal(held.size, 0)
    assert.deepEqual(placer.placed(), [])
  })

  it('says which worker is gone', async () => {
    const { pool, held } = poolOf([view('a')])
    const { placer } = placerOf(pool, {}, 300)
    const placement = await placer.place(model({ options: ['split:force'] }), { signal })
    held.get('id-a')?.()
    const lost = await placement?.lost
    assert.equal(lost?.code, 'worker.lost')
    assert.equal(lost?.details['worker'], 'a')
    await placement?.[Symbol.asyncDispose]()
  })

  it('plans again without a worker that cannot be had, and gives the others back first', async () => {
    const fast = { weightBytesPerSecond: { q8_0: 9e12 } }
    const { pool, asked, held } = poolOf([view('a'), view('b', fast), view('c')], { 'id-b': 'worker.busy' })
    const config = model({ options: ['split:force'], tensorSplit: '1,1' })
    const placement = await placerOf(pool, {}, 300).placer.place(config, { signal })
    const peers = asked.map(({ peerId }) => peerId)
    assert.deepEqual(peers.slice(peers.indexOf('id-b')), ['id-b', 'id-a', 'id-c'])
    assert.deepEqual([...held.keys()], ['id-a', 'id-c'])
    await placement?.[Symbol.asyncDispose]()
  })

  it('is refused when not even the engine has room', async () => {
    const { pool, asked } = poolOf([view('a')])
    await assert.rejects(placerOf(pool).placer.place(model(), { signal }), { code: 'model.does-not-fit' })
    assert.equal(asked.length, 0)
  })

  it('waits for workers that others have only when there is no other way', async () => {
    const busy = poolOf([view('a', { busy: true })])
    await placerOf(busy.pool, {}, 300).placer.place(model({ options: ['split:force'] }), { signal })
    assert.ok((busy.asked[0]?.waitMs ?? 0) > 10_000)
    const one = poolOf([view('a', { busy: true, weightBytesPerSecond: { q8_0: 9e12 } }), view('b')])
    await placerOf(one.pool, {}, 300).placer.place(model({ options: ['split:force'] }), { signal })
    assert.equal(one.asked[0]?.peerId, 'id-b')
    // Just enough for one whose user has left and who is about to say so.
    assert.ok((one.asked[0]?.waitMs ?? 0) <= 2000)
  })

  it('leaves out who runs another build, and stays here when nobody is left', async () => {
    const { pool, asked } = poolOf([view('a', { unusable: 'another build' })])
    const { placer } = placerOf(pool)
    const placement = await placer.place(model(), { signal })
    assert.deepEqual([asked.length, placement?.environment], [0, {}])
    assert.match(placer.placed()[0]?.plan.why.join(' ') ?? '', /no machine lends memory/)
  })

  it('ends the placement before, when the same model is placed again', async () => {
    const { pool, held } = poolOf([view('a')])
    const { placer } = placerOf(pool, {}, 300)
    const config = model({ options: ['split:force'] })
    await placer.place(config, { signal })
    await placer.place(config, { signal })
    assert.equal(placer.placed().length, 1)
    assert.deepEqual([...held.keys()], ['id-a'])
  })

  it('uses a server that the model names by its address', async () => {
    const { pool, asked } = poolOf([])
    const { placer } = placerOf(pool, { at: async (address) => view(address, { peerId: address }) }, 300)
    await placer.place(model({ options: ['rpc_servers:127.0.0.1:50052'] }), { signal })
    assert.equal(asked[0]?.peerId, '127.0.0.1:50052')
  })
})
