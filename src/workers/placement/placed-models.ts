import type { Logger } from '../../telemetry/logger.ts'
import type { WorkerPool, WorkerUse } from '../worker-pool.ts'
import type { Plan } from './plan.ts'

/** A model that is where its plan said, or on its way there. */
export interface PlacedModel {
  readonly plan: Plan
  readonly sinceUnixMs: number
  /** Weights on workers, and those of them that did not have to move since the worker had them. */
  readonly weights: { readonly totalBytes: number; readonly givenBytes: number; readonly cachedBytes: number }
}

export interface PlacedModels {
  list(): readonly PlacedModel[]
  /** Until it is disposed of. */
  add(plan: Plan): Disposable
}

export interface PlacedModelsDeps {
  readonly log: Pick<Logger, 'info'>
  readonly pool: () => Pick<WorkerPool, 'list'> | undefined
  /** Unix milliseconds. */
  readonly now: () => number
}

const TELL_EVERY_MS = 3000
/** Norms and the like go without being counted. */
const ALL = 0.98

/** Which models are where, and how far their weights are on the way, which is told to the log until they are there. */
export function createPlacedModels({ log, pool, now }: PlacedModelsDeps): PlacedModels {
  const placed = new Map<object, { readonly plan: Plan; readonly sinceUnixMs: number }>()

  function weightsOf(plan: Plan): PlacedModel['weights'] {
    const ids = new Set(plan.machines.slice(1).map(({ id }) => id))
    const uses = (pool()?.list() ?? []).flatMap(({ peerId, use }) =>
      use !== undefined && ids.has(peerId) && use.model === plan.model ? [use] : [],
    )
    const sum = (of: (use: WorkerUse) => number): number => uses.reduce((all, use) => all + of(use), 0)
    return {
      totalBytes: plan.machines.slice(1).reduce((all, { weightBytes }) => all + weightBytes, 0),
      givenBytes: sum(({ weightBytes }) => weightBytes),
      cachedBytes: sum(({ cachedWeightBytes }) => cachedWeightBytes),
    }
  }

  return {
    list: () => [...placed.values()].map((model) => ({ ...model, weights: weightsOf(model.plan) })),
    add(plan) {
      const key = {}
      placed.set(key, { plan, sinceUnixMs: now() })
      let told = 0
      const timer = setInterval(() => {
        const { totalBytes, givenBytes, cachedBytes } = weightsOf(plan)
        if (givenBytes > told) {
          const percent = Math.min(100, Math.round((givenBytes / totalBytes) * 100))
          log.info({ model: plan.model, percent, givenBytes, totalBytes, cachedBytes }, 'weights move to workers')
          told = givenBytes
        }
        if (givenBytes >= totalBytes * ALL) clearInterval(timer)
      }, TELL_EVERY_MS).unref()
      if (plan.machines.length < 2) clearInterval(timer)
      return {
        [Symbol.dispose]() {
          clearInterval(timer)
          placed.delete(key)
        },
      }
    },
  }
}
