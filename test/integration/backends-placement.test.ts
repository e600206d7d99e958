import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ModelPlacement, PlaceModel } from '../../src/backends/model-placement.ts'
import { AppError } from '../../src/base/errors.ts'
import type { ModelOptions } from '../../src/grpc/generated/backend/ModelOptions.ts'
import { createFakeLoader, fakeDefinition, fakeModel } from '../support/fake-backend/fixture.ts'
import { watchBackends } from '../support/fake-backend/watch.ts'

interface Placed {
  lose(): void
  readonly disposed: Promise<void>
}

/** Places every model, and lets go of it when told to. `options` are those of the first, the second, … time. */
function placer(options: readonly Partial<ModelOptions>[] = []) {
  const placed: Placed[] = []
  const place: PlaceModel = async () => {
    const lost = Promise.withResolvers<AppError>()
    const disposed = Promise.withResolvers<void>()
    const index = placed.length
    placed.push({
      lose: () => lost.resolve(new AppError('worker.lost', 'worker "w" is gone', { details: { worker: 'w' } })),
      disposed: disposed.promise,
    })
    const placement: ModelPlacement = {
      environment: { LLAMA_RPC_SERVERS: `place:${index}` },
      options: { NGPULayers: 7, ...options[index] },
      lost: lost.promise,
      [Symbol.asyncDispose]: async () => disposed.resolve(),
    }
    return placement
  }
  return { place, placed }
}

const isLost = (error: unknown): boolean => {
  assert.ok(error instanceof AppError, String(error))
  assert.equal(error.code, 'backend.died')
  assert.equal(error.details['worker'], 'w')
  assert.match(error.message, /worker "w" is gone/)
  return true
}

describe('a model with a place', { concurrency: 4, timeout: 60_000 }, () => {
  it('is loaded with what the place takes, which is given back when the model leaves memory', async () => {
    await using watch = await watchBackends()
    const { place, placed } = placer()
    await using loader = createFakeLoader({ builtins: [fakeDefinition(watch.path)], deps: { place } })
    const lease = await loader.acquire(fakeModel('one', { gpuLayers: 1 }))
    const backend = await watch.nextStart()
    assert.ok(backend.started.environment.includes('LLAMA_RPC_SERVERS'))
    assert.equal((await backend.next('load')).options['NGPULayers'], 7)
    lease[Symbol.dispose]()
    await loader.unload('one')
    await placed[0]?.disposed
    assert.equal(placed.length, 1)
  })

  it('ends with its process at once when the place is lost, and finds another one at the next request', async () => {
    await using watch = await watchBackends()
    const { place, placed } = placer()
    await using loader = createFakeLoader({
      builtins: [fakeDefinition(watch.path, ['sigterm=ignore'])],
      stopGraceMs: 100,
      deps: { place },
    })
    const config = fakeModel('one')
    {
      using lease = await loader.acquire(config)
      const endless = lease.client.predictStream({ Prompt: JSON.stringify({ tokens: 1, end: 'hang' }) })
      await endless.next()
      const next = assert.rejects(endless.next(), isLost)
      placed[0]?.lose()
      await next
    }
    await placed[0]?.disposed
    using _again = await loader.acquire(config)
    assert.equal(placed.length, 2)
  })

  it('leaves memory all the same when what it borrowed cannot be given back, and is loaded again', async () => {
    await using watch = await watchBackends()
    const { place } = placer([{}, { Options: ['load:refuse:no'] }])
    const clinging: PlaceModel = async (config, options) => ({
      ...((await place(config, options)) as ModelPlacement),
      [Symbol.asyncDispose]: async () => await Promise.reject(new Error('the folder is busy')),
    })
    await using loader = createFakeLoader({ builtins: [fakeDefinition(watch.path)], deps: { place: clinging } })
    const config = fakeModel('one')
    const lease = await loader.acquire(config)
    lease[Symbol.dispose]()
    assert.equal(await loader.unload('one'), true)
    assert.deepEqual(loader.loaded(), [])
    // Nor does it hide why a load failed.
    await assert.rejects(loader.acquire(config), (error: unknown) => {
      assert.doesNotMatch(String(error), /folder is busy/)
      return error instanceof AppError && error.code === 'backend.load-failed'
    })
  })

  it('is placed again when the place is lost while it loads', async () => {
    await using watch = await watchBackends()
    const { place, placed } = placer([{ Options: ['load:hang'] }])
    await using loader = createFakeLoader({ builtins: [fakeDefinition(watch.path)], deps: { place } })
    const loading = loader.acquire(fakeModel('one'))
    await (await watch.nextStart()).next('load')
    placed[0]?.lose()
    using _lease = await loading
    await placed[0]?.disposed
    assert.equal(placed.length, 2)
  })

  it('that is refused fails with the reason, and the next request may try again at once', async () => {
    let refusing = true
    await using watch = await watchBackends()
    const { place } = placer()
    const refusedOnce: PlaceModel = async (config, options) => {
      if (refusing) throw new AppError('worker.busy', 'every worker is busy')
      return await place(config, options)
    }
    await using loader = createFakeLoader({ builtins: [fakeDefinition(watch.path)], deps: { place: refusedOnce } })
    await assert.rejects(loader.acquire(fakeModel('one')), { code: 'worker.busy' })
    refusing = false
    using _lease = await loader.acquire(fakeModel('one'))
    assert.equal(watch.starts, 1)
  })
})
