import type { ModelPlacement } from '../../backends/model-placement.ts'
import { AppError } from '../../base/errors.ts'
import type { WorkerLease } from '../worker-pool.ts'
import type { PlacedModels } from './placed-models.ts'
import type { Plan } from './plan.ts'

/** What workers of a plan take to be reached by an engine's process. */
export interface ConnectedWorkers extends AsyncDisposable {
  /** Of that process. */
  readonly environment: Readonly<Record<string, string>>
  /** Settles with the first worker that is gone. Never rejects. */
  readonly lost: Promise<Pick<WorkerLease, 'name'>>
}

/** Gives all leases back when what it made is disposed of, or when it throws. `steps` are the weights of the workers. */
export type ConnectWorkers = (leases: readonly WorkerLease[], steps: readonly number[]) => Promise<ConnectedWorkers>

/** A model on this machine alone takes nothing, and is known so that it can be looked at. */
export function stayHere(models: PlacedModels, plan: Plan): ModelPlacement {
  const known = models.add(plan)
  return {
    ...{ environment: {}, options: {} },
    [Symbol.asyncDispose]: async () => known[Symbol.dispose](),
  }
}

/** A model over the workers that were borrowed for it. */
export async function spread(
  { models, connect }: { readonly models: PlacedModels; readonly connect: ConnectWorkers },
  plan: Plan,
  leases: readonly WorkerLease[],
): Promise<ModelPlacement> {
  const steps = plan.machines.slice(1).map(({ layers, hasOutput }) => layers + (hasOutput ? 1 : 0))
  await using held = new AsyncDisposableStack()
  const connected = held.use(await connect(leases, steps))
  held.use(models.add(plan))
  const kept = held.move()
  return {
    environment: connected.environment,
    options: { NGPULayers: steps.reduce((sum, count) => sum + count, 0) },
    lost: connected.lost.then(
      ({ name }) => new AppError('worker.lost', `worker "${name}" is gone`, { details: { worker: name } }),
    ),
    [Symbol.asyncDispose]: async () => await kept.disposeAsync(),
  }
}
