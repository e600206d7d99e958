import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { WorkerLease, WorkerPool } from '../worker-pool.ts'
import type { Plan, PlannedMachine } from './plan.ts'

/** One of the workers could not be had; the others were given back. */
export interface NotBorrowed {
  readonly without: string
  readonly error: AppError
}

const ABOUT_THE_WORKER = /^(worker\.|peer\.)/

/** All workers of a plan, in its order, or the first that could not be had. Throws what is not about a worker. */
export async function borrowWorkers(
  pool: WorkerPool,
  { plan, waitMs }: { readonly plan: Plan; readonly waitMs: number },
  options: AbortOptions,
): Promise<readonly WorkerLease[] | NotBorrowed> {
  const workers = plan.machines.slice(1)
  await using held = new AsyncDisposableStack()
  const leases = new Map<string, WorkerLease>()
  // All nodes ask in the same order: two that want the same two workers cannot wait for each other.
  for (const worker of [...workers].sort((one, other) => (one.id < other.id ? -1 : 1))) {
    try {
      leases.set(worker.id, held.use(await pool.lease(worker.id, toRequest(plan, worker, waitMs), options)))
    } catch (error) {
      if (error instanceof AppError && ABOUT_THE_WORKER.test(error.code)) return { without: worker.id, error }
      throw error
    }
  }
  held.move()
  return workers.flatMap(({ id }) => leases.get(id) ?? [])
}

function toRequest({ model }: Plan, { memoryBytes, layers }: PlannedMachine, waitMs: number) {
  return { model, memoryBytes: Math.ceil(memoryBytes), waitMs, layers }
}
