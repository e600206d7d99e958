import { generateToken } from '../../src/p2p/token/generate-token.ts'
import { formatToken } from '../../src/p2p/token/parse-token.ts'
import type { WorkerPool } from '../../src/workers/worker-pool.ts'
import type { LlamaRpc } from '../../src/workers/worker-process.ts'
import { startLendingMachine } from '../../test/support/lending-machine.ts'
import { poll } from '../../test/support/poll.ts'
import { startWorkerUser } from '../../test/support/worker-user.ts'

/** A worker command in a process of its own, and a member of its network here that borrows from it. */
export async function startNetworkPool(llamaRpc: LlamaRpc, name: string): Promise<WorkerPool & AsyncDisposable> {
  await using held = new AsyncDisposableStack()
  const token = formatToken(generateToken({ dhtIntervalSeconds: 360, otpIntervalSeconds: 9000 }))
  const machine = held.use(await startLendingMachine({ token, name, megabytes: 1000 }))
  const user = held.use(await startWorkerUser({ token, bootstrap: machine.address, name: 'user', llamaRpc }))
  await user.findWorker()
  const { pool } = user
  await poll('a round trip is known', 30_000, () => pool.list()[0]?.roundTripMs)
  const kept = held.move()
  return { ...pool, [Symbol.asyncDispose]: async () => await kept.disposeAsync() }
}
