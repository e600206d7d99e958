import { generateToken } from '../../src/p2p/token/generate-token.ts'
import { formatToken } from '../../src/p2p/token/parse-token.ts'
import { askWorker } from '../../src/workers/program/ask-worker.ts'
import type { LlamaRpc } from '../../src/workers/worker-process.ts'
import { type LendingMachine, type LendingMachineInit, startLendingMachine } from './lending-machine.ts'
import { poll } from './poll.ts'
import { startWorkerUser, type UserInit, type WorkerUser } from './worker-user.ts'

/** What must hold. Resolves with what was seen, in a few words. */
export interface HostileCase {
  readonly name: string
  readonly what: () => Promise<string>
}

export interface Stage extends AsyncDisposable {
  readonly token: string
  readonly lender: LendingMachine
  readonly lenderId: string
  readonly user: WorkerUser
  /** Another member of the same network. */
  join(name: string, more?: Partial<UserInit>): Promise<WorkerUser>
  lend(init: Omit<LendingMachineInit, 'token'>): Promise<LendingMachine>
  /** The worker's process of the user that has it now. */
  worker(): Promise<number>
  /** An honest user gets a worker that answers: nothing that came before has done harm. */
  stillLends(): Promise<void>
}

export interface HostileDeps {
  readonly llamaRpc: LlamaRpc
  /** One machine that lends, and one member. */
  stage(lender?: Partial<LendingMachineInit>): Promise<Stage>
}

export const MEBIBYTE = 2 ** 20
export const request = (more: object = {}) => ({ model: 'm', memoryBytes: 64 * MEBIBYTE, waitMs: 0, ...more })

export function must(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

export function withLlamaRpc(llamaRpc: LlamaRpc): HostileDeps {
  async function stage(init: Partial<LendingMachineInit> = {}): Promise<Stage> {
    await using opened = new AsyncDisposableStack()
    let held = opened
    const token = formatToken(generateToken({ dhtIntervalSeconds: 360, otpIntervalSeconds: 9000 }))
    const lend = async (more: Omit<LendingMachineInit, 'token'>): Promise<LendingMachine> =>
      held.use(await startLendingMachine({ token, ...more }))
    const lender = await lend({ name: 'lender', megabytes: 256, ...init })
    const join = async (name: string, more: Partial<UserInit> = {}): Promise<WorkerUser> =>
      held.use(await startWorkerUser({ token, bootstrap: lender.address, name, llamaRpc, ...more }))
    const user = await join('user')
    const lenderId = await user.findWorker()
    const kept = opened.move()
    held = kept
    return {
      ...{ token, lender, lenderId, user, join, lend },
      worker: async () => await poll('the process of a worker', 20_000, () => lender.processes()[0]),
      async stillLends() {
        await using lease = await user.pool.lease(lenderId, request({ waitMs: 30_000 }))
        const { protocol } = await askWorker(lease.stream, { signal: AbortSignal.timeout(10_000) })
        must(protocol === llamaRpc.protocol, 'the worker does not answer')
      },
      [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
    }
  }
  return { llamaRpc, stage }
}
