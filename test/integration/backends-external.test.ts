import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseExternalBackends } from '../../src/backends/backend-catalog.ts'
import type { ModelLease } from '../../src/backends/model-lease.ts'
import { AppError } from '../../src/base/errors.ts'
import { createFakeLoader, fakeModel, writeRunScript } from '../support/fake-backend/fixture.ts'
import { type BackendWatch, FAKE_BACKEND, type WatchedBackend, watchBackends } from '../support/fake-backend/watch.ts'

async function readAll(lease: ModelLease, prompt: string): Promise<string> {
  let text = ''
  for await (const reply of lease.client.predictStream({ Prompt: prompt })) text += reply.message.toString('utf8')
  return text
}

const isDead = (error: unknown): boolean => error instanceof AppError && error.code === 'backend.died'

/** A backend that nobody of ours started. */
async function startElsewhere(watch: BackendWatch, port: number) {
  const child = spawn(process.execPath, [FAKE_BACKEND, '--addr', `127.0.0.1:${port}`, '--report', watch.path], {
    stdio: 'ignore',
  })
  const exited = once(child, 'exit')
  const backend: WatchedBackend = await watch.nextStart()
  const serving = await backend.next('serving')
  return {
    backend,
    port: serving.port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

describe('--external-grpc-backends', { concurrency: 4, timeout: 60_000 }, () => {
  it('attaches a running backend, and never ends it', async () => {
    await using watch = await watchBackends()
    await using elsewhere = await startElsewhere(watch, 0)
    const external = parseExternalBackends([`Remote:127.0.0.1:${elsewhere.port}`])
    await using loader = createFakeLoader({ external })
    const lease = await loader.acquire(fakeModel('one', { backend: 'remote' }))
    assert.equal((await elsewhere.backend.next('load')).options['Model'], 'one.bin')
    assert.equal(await readAll(lease, 'from afar'), 'from afar')
    assert.deepEqual(loader.loaded(), [{ id: 'one', backend: 'remote', phase: 'ready', inFlight: 1 }])
    lease[Symbol.dispose]()
    assert.equal(await loader.unload('one'), true)
    assert.deepEqual(loader.loaded(), [])
    using again = await loader.acquire(fakeModel('one', { backend: 'remote' }))
    await elsewhere.backend.next('load')
    assert.equal(await readAll(again, 'still up'), 'still up')
    assert.equal(elsewhere.backend.count('free') + elsewhere.backend.count('sigterm'), 0)
  })

  it('forgets one whose connection is lost, and loads anew where it comes back', async () => {
    await using watch = await watchBackends()
    const first = await startElsewhere(watch, 0)
    await using loader = createFakeLoader({
      external: [{ name: 'remote', uri: `127.0.0.1:${first.port}` }],
    })
    const config = fakeModel('one', { backend: 'remote' })
    using lease = await loader.acquire(config)
    const hanging = assert.rejects(readAll(lease, JSON.stringify({ tokens: 1, end: 'hang' })), isDead)
    await first.backend.next('hanging')
    await first[Symbol.asyncDispose]()
    await hanging
    assert.deepEqual(loader.loaded(), [])
    await using second = await startElsewhere(watch, first.port)
    using next = await loader.acquire(config)
    await second.backend.next('load')
    assert.equal(await readAll(next, 'back'), 'back')
  })

  it('says which address does not answer', async () => {
    await using watch = await watchBackends()
    const gone = await startElsewhere(watch, 0)
    await gone[Symbol.asyncDispose]()
    await using loader = createFakeLoader({ external: [{ name: 'remote', uri: `127.0.0.1:${gone.port}` }] })
    await assert.rejects(loader.acquire(fakeModel('one', { backend: 'remote', readyTimeoutMs: 300 })), (error) => {
      assert.ok(error instanceof AppError)
      assert.equal(error.code, 'backend.start-timeout')
      assert.match(error.message, new RegExp(`grpc service not ready: .*127\\.0\\.0\\.1:${gone.port}`))
      return true
    })
  })

  it('starts a program on a port of loopback, in its folder, and makes it executable first', async () => {
    await using watch = await watchBackends()
    const folder = await mkdtemp(join(tmpdir(), 'fake-'))
    try {
      const uri = await writeRunScript(folder, watch.path)
      await chmod(uri, 0o600)
      await using loader = createFakeLoader({ external: [{ name: 'mine', uri }] })
      const lease = await loader.acquire(fakeModel('one', { backend: 'mine' }))
      const { started, gone } = await watch.nextStart()
      assert.match(started.address, /^127\.0\.0\.1:\d+$/)
      assert.equal(started.cwd, folder)
      assert.equal(started.environment.includes('HF_HOME'), true)
      assert.equal(await readAll(lease, 'foreign'), 'foreign')
      lease[Symbol.dispose]()
      assert.equal(await loader.unload('one'), true)
      await gone
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('passes on what a foreign program says when it fails', async () => {
    await using watch = await watchBackends()
    const folder = await mkdtemp(join(tmpdir(), 'fake-'))
    try {
      const uri = await writeRunScript(folder, watch.path, { options: ['stderr=libcuda is missing', 'start=exit:7'] })
      await using loader = createFakeLoader({ external: [{ name: 'mine', uri }] })
      await assert.rejects(
        loader.acquire(fakeModel('one', { backend: 'mine' })),
        /grpc service not ready: .*exited with code 7; it last said: libcuda is missing/,
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
