import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ModelLoader } from '../../../src/backends/model-lease.ts'
import { AppError } from '../../../src/base/errors.ts'
import { createMemoryStore } from '../../../src/inference/stores/memory-store.ts'
import { createStores } from '../../../src/inference/stores/stores.ts'

const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

describe('a vector store in memory', () => {
  it('wants keys of one length, as long as it has any', async () => {
    const store = createMemoryStore({ reserve() {} })
    await store.set({ keys: [[1, 2]], values: ['a'] })
    await assert.rejects(store.set({ keys: [[1]], values: ['a'] }), isCode('request.invalid'))
    await assert.rejects(store.find([1, 2, 3], 1), isCode('request.invalid'))
    await assert.rejects(store.set({ keys: [], values: [] }), isCode('request.invalid'))
    await assert.rejects(store.set({ keys: [[]], values: [''] }), isCode('request.invalid'))
    await assert.rejects(store.set({ keys: [[1, 2]], values: [] }), isCode('request.invalid'))
    await store.delete([[1, 2]])
    await store.set({ keys: [[1]], values: ['b'] })
    assert.deepEqual(await store.get([[1], [2]]), { keys: [[1]], values: ['b'] })
  })

  it('ranks by the angle, whatever the lengths, and a key of zeros is like nothing', async () => {
    const store = createMemoryStore({ reserve() {} })
    await store.set({
      keys: [
        [10, 0],
        [0, 0],
        [-1, 0],
        [1, 1],
      ],
      values: ['same', 'zero', 'opposite', 'half'],
    })
    const { values, similarities } = await store.find([0.5, 0], 10)
    assert.deepEqual(values, ['same', 'half', 'zero', 'opposite'])
    assert.deepEqual(
      similarities.map((value) => Number(value.toFixed(1))),
      [1, 0.7, 0, -1],
    )
  })

  it('gives back what it held', async () => {
    let held = 0
    const store = createMemoryStore({
      reserve(bytes) {
        held += bytes
      },
    })
    await store.set({ keys: [[1], [2]], values: ['a', 'bb'] })
    await store.set({ keys: [[1]], values: ['longer'] })
    assert.ok(held > 0)
    await store.delete([[1], [2], [3]])
    assert.equal(held, 0)
  })

  it('keeps what is there when there is no room for what would replace it', async () => {
    const store = createMemoryStore({
      reserve(bytes) {
        if (bytes > 300) throw new AppError('node.overloaded', 'full')
      },
    })
    await store.set({ keys: [[1]], values: ['old'] })
    await assert.rejects(store.set({ keys: [[1]], values: ['x'.repeat(1000)] }), isCode('node.overloaded'))
    assert.deepEqual((await store.get([[1]])).values, ['old'])
  })
})

describe('vector stores', () => {
  const loader: Pick<ModelLoader, 'acquire' | 'loaded'> = {
    acquire: () => assert.fail('no backend is asked'),
    loaded: () => [{ id: 'store::x:other', backend: 'other', phase: 'ready', inFlight: 0 }],
  }

  it('are bounded together in bytes', async () => {
    const stores = createStores({ loader }, { maxBytes: 600, maxStores: 9 })
    await stores.open({ name: 'a', owner: undefined }).set({ keys: [[1]], values: ['x'.repeat(100)] })
    const more = stores.open({ name: 'b', owner: undefined }).set({ keys: [[1]], values: ['x'.repeat(100)] })
    await assert.rejects(more, isCode('node.overloaded'))
  })

  it('are bounded in number, those that are empty not counted', async () => {
    const stores = createStores({ loader }, { maxBytes: 10_000, maxStores: 1 })
    await stores.open({ name: 'a', owner: 'ann' }).get([[1]])
    await stores.open({ name: 'a', owner: 'bob' }).set({ keys: [[1]], values: ['x'] })
    assert.throws(() => stores.open({ name: 'c', owner: 'bob' }), isCode('node.overloaded'))
    assert.throws(() => stores.open({ name: 'c', owner: undefined, backend: 'other' }), isCode('node.overloaded'))
  })

  it('of one owner leave room for those of others, in bytes and in number', async () => {
    const stores = createStores({ loader }, { maxBytes: 4000, maxStores: 7 })
    const open = (owner: string | undefined, name = 'a') => stores.open({ name, owner })
    const put = (owner: string | undefined, key: number, name = 'a') =>
      open(owner, name).set({ keys: [[key]], values: ['x'.repeat(100)] })
    for (const key of [1, 2, 3, 4]) await put('ann', key)
    await assert.rejects(put('ann', 5), isCode('request.rate-limited'))
    await put('bob', 1)
    await put(undefined, 1)
    // What is there may be replaced, whatever the others have taken since.
    await put('ann', 4)
    await open('ann').delete([[1], [2], [3]])
    for (const name of ['b', 'c']) assert.doesNotThrow(() => open('bob', name))
    await put('bob', 2, 'b')
    assert.throws(() => open('bob', 'c'), isCode('request.rate-limited'))
    assert.doesNotThrow(() => open('eve'))
  })

  it('of other backends are shared out in the same way', () => {
    const loaded = ['a', 'b'].map(
      (name) => ({ id: `store:ann:${name}:other`, backend: 'other', phase: 'ready', inFlight: 0 }) as const,
    )
    const stores = createStores({ loader: { ...loader, loaded: () => loaded } }, { maxBytes: 1, maxStores: 4 })
    const open = (owner: string, name: string) => stores.open({ name, owner, backend: 'other' })
    assert.throws(() => open('ann', 'c'), isCode('request.rate-limited'))
    assert.ok(open('ann', 'b'))
    assert.ok(open('bob', 'c'))
  })

  it('of other backends make no place for what cannot keep vectors, and none for what has failed', () => {
    const failed = { id: 'store::x:other', backend: 'other', phase: 'failed', inFlight: 0 } as const
    const stores = createStores({ loader: { ...loader, loaded: () => [failed] } }, { maxBytes: 1, maxStores: 1 })
    assert.ok(stores.open({ name: 'c', owner: undefined, backend: 'other' }))
    for (const backend of ['llama-cpp', 'Llama', 'cuda12-llama-cpp', 'ik_llama']) {
      assert.throws(() => stores.open({ name: 'c', owner: undefined, backend }), isCode('request.unsupported'), backend)
    }
  })
})
