import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { generateToken } from '../../src/p2p/token/generate-token.ts'
import { formatToken } from '../../src/p2p/token/parse-token.ts'
import { askWorker } from '../../src/workers/program/ask-worker.ts'
import { COMPILE_CACHE } from '../support/compile-cache.ts'
import { beginSession, relocate } from '../support/hostile-member.ts'
import { CACHE, type LendingMachine, NEAR, startLendingMachine } from '../support/lending-machine.ts'
import { llamaRpcForTests } from '../support/llama-rpc.ts'
import { startLocalAi } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'
import { gone, needsProc } from '../support/processes.ts'
import { ATTACKS } from '../support/rpc-attacks.ts'
import { startWorkerUser, type UserInit, type WorkerUser } from '../support/worker-user.ts'

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
    await using worker = await startLendingMachine({
      ...{ token, name: 'lender', megabytes: 256 },
      arguments: ['--lend-to', 'user,other,holder'],
    })
    const init = { token, bootstrap: worker.address, name: 'user', llamaRpc }
    await using user = await startWorkerUser(init)
    const id = await user.findWorker()
    const view = user.pool.list()[0]
    assert.deepEqual([view?.name, view?.build, view?.protocol], ['lender', llamaRpc.build, llamaRpc.protocol])
    assert.equal(view?.memoryBytes, 256 * MEBIBYTE)

    await servesThroughTheGuard(user, id, worker)
    await refusesAnotherBuild(init, id, worker)
    await refusesWhoIsNotNamed(init, id, worker)
    await cutsAnAttack(user, id, worker)
    await servesTheNextWhenAUserIsKilled({ user, init, worker }, id)
    await endsWithItsWorker(user, id, worker)

    const last = await user.pool.lease(id, ask({ waitMs: 10_000 }))
    assert.deepEqual(await worker.end(), { code: 0, signal: null })
    await last.over
  })
})

describe('a node that runs models and lends', { skip: skip ?? false, timeout: 60_000 }, () => {
  if ('missing' in found) return
  const llamaRpc = found

  it('lends from its start on, over the face that members see', async () => {
    const token = formatToken(generateToken({ dhtIntervalSeconds: 360, otpIntervalSeconds: 9000 }))
    await using node = await startLocalAi({
      arguments: ['--p2p', ...NEAR, '--cache-path', CACHE, '--lend', '--lend-memory', '256MB', '--lend-threads', '1'],
      environment: { TOKEN: token },
    })
    const { addresses } = await node.waitForLog(({ msg }) => msg === 'joined the network')
    const [bootstrap = ''] = addresses as readonly string[]
    await using user = await startWorkerUser({ token, bootstrap, name: 'user', llamaRpc })
    await using lease = await user.pool.lease(await user.findWorker(), ask())
    const { protocol } = await askWorker(lease.stream, { signal: AbortSignal.timeout(10_000) })
    assert.equal(protocol, llamaRpc.protocol)
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

async function refusesAnotherBuild(init: UserInit, id: string, worker: LendingMachine): Promise<void> {
  await using other = await startWorkerUser({
    ...{ ...init, name: 'other' },
    llamaRpc: { ...init.llamaRpc, build: '0.0.1-linux-x64' },
  })
  await other.findWorker()
  await assert.rejects(other.pool.lease(id, ask()), { code: 'worker.mismatch' })
  assert.deepEqual(worker.processes(), [])
}

async function refusesWhoIsNotNamed(init: UserInit, id: string, worker: LendingMachine): Promise<void> {
  await using guest = await startWorkerUser({ ...init, name: 'guest' })
  await guest.findWorker()
  await assert.rejects(guest.pool.lease(id, ask()), { code: 'worker.refused', details: { notAllowed: true } })
  assert.equal(guest.pool.list()[0]?.unusable, 'it does not lend to this node')
  assert.deepEqual(worker.processes(), [])
}

async function cutsAnAttack(user: WorkerUser, id: string, worker: LendingMachine): Promise<void> {
  const lease = await user.pool.lease(id, ask({ waitMs: 10_000 }))
  const session = await beginSession(lease.stream, 4096)
  const [pid] = worker.processes()
  assert.ok(pid !== undefined)
  const attack = ATTACKS['SET_TENSOR at any address']
  assert.ok(attack)
  lease.stream.write(relocate(attack, session))
  await lease.over
  await gone(pid)
  const end = await poll('it is told', 5000, () => worker.log.find((line) => line.includes('"outcome":"cut"')))
  assert.match(end, /"reason":"tensor data outside its buffer"/)
}

async function servesTheNextWhenAUserIsKilled(
  { user, init, worker }: { user: WorkerUser; init: UserInit; worker: LendingMachine },
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
