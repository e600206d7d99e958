import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { generateToken } from '../../src/p2p/token/generate-token.ts'
import { formatToken } from '../../src/p2p/token/parse-token.ts'
import { askWorker } from '../../src/workers/program/ask-worker.ts'
import { COMPILE_CACHE } from '../support/compile-cache.ts'
import { llamaRpcForTests } from '../support/llama-rpc.ts'
import { MAIN } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'
import { descendants, gone, needsProc } from '../support/processes.ts'
import { startWorkerUser, type WorkerUser } from '../support/worker-user.ts'

const MEBIBYTE = 2 ** 20
const found = await llamaRpcForTests()
const skip = 'missing' in found ? found.missing : needsProc.skip
const USER = fileURLToPath(new URL('../support/worker-user.ts', import.meta.url))
const ask = (more: object = {}) => ({ model: 'm', memoryBytes: 64 * MEBIBYTE, waitMs: 0, ...more })

describe('the worker command in a network', { skip: skip ?? false, timeout: 110_000 }, () => {
  if ('missing' in found) return
  const llamaRpc = found

  it('lends to one user after the other, and to none that it should not', async () => {
    const token = formatToken(generateToken({ dhtIntervalSeconds: 360, otpIntervalSeconds: 9000 }))
    await using worker = await startWorker(token)
    const init = { token, bootstrap: worker.address, name: 'user', llamaRpc }
    await using user = await startWorkerUser(init)
    const id = await user.findWorker()
    const view = user.pool.list()[0]
    assert.deepEqual([view?.name, view?.build, view?.protocol], ['lender', llamaRpc.build, llamaRpc.protocol])
    assert.equal(view?.memoryBytes, 256 * MEBIBYTE)

    await servesThroughTheGuard(user, id, worker)
    await refusesAnotherBuild(init, id, worker)
    await servesTheNextWhenAUserIsKilled({ user, init, worker }, id)
    await endsWithItsWorker(user, id, worker)

    const last = await user.pool.lease(id, ask())
    assert.deepEqual(await worker.end(), { code: 0, signal: null })
    await last.over
  })
})

async function servesThroughTheGuard(user: WorkerUser, id: string, worker: StartedWorker): Promise<void> {
  const lease = await user.pool.lease(id, ask({ memoryBytes: 100 * MEBIBYTE }))
  const answer = await askWorker(lease.stream, { signal: AbortSignal.timeout(10_000) })
  assert.equal(answer.protocol, user.pool.list()[0]?.protocol)
  // Of the machine's memory the user sees what it asked for.
  assert.ok(answer.devices.every(({ memoryFreeBytes }) => memoryFreeBytes <= 100 * MEBIBYTE))
  const [pid] = worker.processes()
  assert.ok(pid !== undefined)
  await lease[Symbol.asyncDispose]()
  await gone(pid)
}

async function refusesAnotherBuild(
  init: Parameters<typeof startWorkerUser>[0],
  id: string,
  worker: StartedWorker,
): Promise<void> {
  await using other = await startWorkerUser({
    ...{ ...init, name: 'other' },
    llamaRpc: { ...init.llamaRpc, build: '0.0.1-linux-x64' },
  })
  await other.findWorker()
  await assert.rejects(other.pool.lease(id, ask()), { code: 'worker.mismatch' })
  assert.deepEqual(worker.processes(), [])
}

async function servesTheNextWhenAUserIsKilled(
  { user, init, worker }: { user: WorkerUser; init: Parameters<typeof startWorkerUser>[0]; worker: StartedWorker },
  id: string,
): Promise<void> {
  const holder = fork(USER, { execArgv: [], env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE } })
  try {
    holder.send({ ...init, name: 'holder' })
    const [word] = await once(holder, 'message')
    assert.equal(word, 'has it')
    const [pid] = worker.processes()
    assert.ok(pid !== undefined)
    await assert.rejects(user.pool.lease(id, ask()), { code: 'worker.busy' })
    const next = user.pool.lease(id, ask({ waitMs: 60_000 }))
    await poll('it waits', 10_000, () => user.pool.list()[0]?.waiting === 1)
    holder.kill('SIGKILL')
    await using lease = await next
    await gone(pid)
    await askWorker(lease.stream, { signal: AbortSignal.timeout(10_000) })
  } finally {
    holder.kill('SIGKILL')
  }
}

async function endsWithItsWorker(user: WorkerUser, id: string, worker: StartedWorker): Promise<void> {
  const lease = await user.pool.lease(id, ask({ waitMs: 10_000 }))
  await askWorker(lease.stream, { signal: AbortSignal.timeout(10_000) })
  const [pid] = worker.processes()
  assert.ok(pid !== undefined)
  process.kill(pid, 'SIGKILL')
  await lease.over
  await using _next = await user.pool.lease(id, ask({ waitMs: 10_000 }))
}

interface StartedWorker extends AsyncDisposable {
  readonly address: string
  /** Of its users. */
  processes(): readonly number[]
  end(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

async function startWorker(token: string): Promise<StartedWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'worker-'))
  const words = ['worker', 'p2p-llama-cpp-rpc', '--node-name', 'lender', '--log-format', 'json', '--data-path', folder]
  const near = ['--p2p-listen', '/ip4/127.0.0.1/tcp/0', '--p2p-mdns=false', '--p2p-disable-dht']
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...words, ...near, '--llama-cpp-args=-m 256 -t 1'], {
    cwd: folder,
    env: { ...process.env, TOKEN: token, NODE_COMPILE_CACHE: COMPILE_CACHE },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  async function end() {
    child.kill('SIGTERM')
    await exited
    return { code: child.exitCode, signal: child.signalCode }
  }
  const addresses = await addressesIn(child)
  return {
    address: addresses[0] ?? '',
    processes: () => descendants(child.pid ?? 0),
    end,
    async [Symbol.asyncDispose]() {
      await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Of its log line; fails with all that it said when it ends before. */
async function addressesIn(child: ChildProcess): Promise<readonly string[]> {
  const said: string[] = []
  const { stderr } = child
  assert.ok(stderr)
  for await (const line of createInterface({ input: stderr })) {
    said.push(line)
    const addresses = /"addresses":(\[[^\]]*\])/.exec(line)?.[1]
    if (addresses !== undefined) {
      stderr.resume()
      return JSON.parse(addresses) as string[]
    }
  }
  throw new Error(`the worker ended:\n${said.join('\n')}`)
}
