import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { raceSignal } from '../../src/base/signals.ts'
import { writeRunScript } from '../support/fake-backend/fixture.ts'
import { type BackendWatch, type WatchedBackend, watchBackends } from '../support/fake-backend/watch.ts'

const PARENT = fileURLToPath(new URL('../support/fake-backend/parent.ts', import.meta.url))

interface Family extends AsyncDisposable {
  readonly parent: ChildProcess
  readonly exited: Promise<unknown[]>
  readonly backends: readonly WatchedBackend[]
}

/** A node with three backends: one of its own, a `run.sh` that becomes the backend, and one that stays its parent. */
async function startFamily(watch: BackendWatch, options: readonly string[] = [], before = ''): Promise<Family> {
  const folder = await mkdtemp(join(tmpdir(), 'fake-'))
  const scripts: string[] = []
  for (const exec of [true, false]) {
    const own = join(folder, String(exec))
    await mkdir(own)
    scripts.push(await writeRunScript(own, watch.path, { exec, options, before }))
  }
  const parent = spawn(process.execPath, [PARENT, watch.path, ...scripts], { stdio: ['pipe', 'pipe', 'ignore'] })
  const exited = once(parent, 'exit')
  const backends = await Promise.all([watch.nextStart(), watch.nextStart(), watch.nextStart()])
  await Promise.all(backends.map((backend) => backend.next('load')))
  await once(parent.stdout as NodeJS.ReadableStream, 'data')
  return {
    parent,
    exited,
    backends,
    async [Symbol.asyncDispose]() {
      parent.kill('SIGKILL')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

describe('no backend outlives its node', { timeout: 60_000 }, () => {
  it('when the node is killed with SIGKILL', async () => {
    await using watch = await watchBackends()
    await using family = await startFamily(watch)
    family.parent.kill('SIGKILL')
    await Promise.all(family.backends.map((backend) => backend.gone))
    assert.deepEqual(await family.exited, [null, 'SIGKILL'])
  })

  it('when the node crashes with an exception', async () => {
    await using watch = await watchBackends()
    await using family = await startFamily(watch)
    family.parent.stdin?.write('throw\n')
    await Promise.all(family.backends.map((backend) => backend.gone))
    assert.deepEqual(await family.exited, [1, null])
  })

  it('when the node is told to end, and then all of it is told first', async () => {
    await using watch = await watchBackends()
    await using family = await startFamily(watch)
    family.parent.kill('SIGTERM')
    await Promise.all(family.backends.map((backend) => backend.next('sigterm')))
    await Promise.all(family.backends.map((backend) => backend.gone))
    assert.deepEqual(await family.exited, [0, null])
  })

  it('even when a foreign backend does not want to end', async () => {
    await using watch = await watchBackends()
    await using family = await startFamily(watch, ['sigterm=ignore'])
    family.parent.kill('SIGKILL')
    await Promise.all(family.backends.map((backend) => backend.gone))
  })

  it('whose end is not held up by what a foreign backend has started and let go', async () => {
    await using watch = await watchBackends()
    const folder = await mkdtemp(join(tmpdir(), 'fake-'))
    const file = join(folder, 'pids')
    // A daemon: no longer in the backend's process group, and still with the backend's output.
    await using family = await startFamily(watch, [], `setsid sh -c 'echo $$ >>${file}; exec sleep 300' &`)
    try {
      family.parent.kill('SIGTERM')
      assert.deepEqual(await raceSignal(family.exited, AbortSignal.timeout(20_000)), [0, null])
    } finally {
      const daemons = (await readFile(file, 'utf8')).trim().split('\n').map(Number)
      for (const daemon of daemons) process.kill(daemon, 'SIGKILL')
      await rm(folder, { recursive: true })
    }
  })
})
