import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { generateToken } from '../../src/p2p/token/generate-token.ts'
import { formatToken } from '../../src/p2p/token/parse-token.ts'
import { askWorker } from '../../src/workers/program/ask-worker.ts'
import { COMPILE_CACHE } from '../support/compile-cache.ts'
import { type LendingMachine, startLendingMachine } from '../support/lending-machine.ts'
import { llamaRpcForTests } from '../support/llama-rpc.ts'
import { poll } from '../support/poll.ts'
import { gone, needsProc } from '../support/processes.ts'
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
    await using worker = await startLendingMachine({ token, name: 'lender', megabytes: 256 })
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

async function servesThroughTheGuard(user: WorkerUser, id: string, worker: LendingMachine): Promise<void> {
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
  worker: LendingMachine,
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
  { user, init, worker }: { user: WorkerUser; init: Parameters<typeof startWorkerUser>[0]; worker: LendingMachine },
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

async function endsWithItsWorker(user: WorkerUser, id: string, worker: LendingMachine): Promise<void> {
  const lease = await user.pool.lease(id, ask({ waitMs: 10_000 }))
  await askWorker(lease.stream, { signal: AbortSignal.timeout(10_000) })
  const [pid] = worker.processes()
  assert.ok(pid !== undefined)
  process.kill(pid, 'SIGKILL')
  await lease.over
  await using _next = await user.pool.lease(id, ask({ waitMs: 10_000 }))
}
