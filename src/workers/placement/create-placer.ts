import type { ModelPlacement, PlaceModel } from '../../backends/model-placement.ts'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'
import { readModelLayers } from '../../models/gguf/layer-sizes.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { WorkerPool, WorkerView } from '../worker-pool.ts'
import { borrowWorkers } from './borrow-workers.ts'
import { modelNeeds, wholeNeeds } from './model-needs.ts'
import { toModelUse } from './model-use.ts'
import { createPlacedModels, type PlacedModel } from './placed-models.ts'
import type { Machine, Plan, PlanWishes, SingleNode } from './plan.ts'
import { planPlacement } from './plan-placement.ts'
import { readWishes, type SaidWishes } from './read-wishes.ts'
import { type ConnectWorkers, spread, stayHere } from './to-placement.ts'

/** Of another node that could answer alone: what it has free, and what is known of its speed. */
export type OtherNodes = (need: {
  readonly config: ModelConfig
  readonly memoryBytes: number
  readonly readBytes: number
}) => readonly SingleNode[]

export interface PlacerDeps {
  readonly log: Logger
  /** Undefined: this node is alone, and no server was named. */
  readonly pool: () => WorkerPool | undefined
  /** A server that a model names by its address. */
  readonly at: (address: string, options: AbortOptions) => Promise<WorkerView | undefined>
  /** This machine; what its models have in memory already is left out of `memoryBytes`. */
  readonly home: (model: string) => Machine
  /** Finds out how fast this machine is, unless it is known for now; until then its speeds are not. Never rejects. */
  readonly measure: () => Promise<void>
  readonly others: OtherNodes
  readonly connect: ConnectWorkers
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface PlacerInit {
  /** What the node's settings say. */
  readonly wishes: () => SaidWishes
  /** Answers that one model generates at the same time, where it does not say. */
  readonly parallel: number
}

export interface PlanOptions extends AbortOptions {
  readonly wishes?: SaidWishes
  /** Tokens; instead of what the config says. */
  readonly contextSize?: number
}

export interface Placer {
  readonly place: PlaceModel
  /** What would be done now. Throws what reading the model's file and its config throws. */
  plan(config: ModelConfig, options?: PlanOptions): Promise<Plan>
  /** The models in memory. */
  placed(): readonly PlacedModel[]
  /** How the model is to be loaded from now on; undefined: as its config and the settings say. */
  wish(model: string, wishes: SaidWishes | undefined): void
}

/** When every plan needs a worker that somebody else has. */
const WAIT_MS = 30_000
/** A worker whose user has just left is free in a moment. */
const FREE_WAIT_MS = 2000
const MOST_TRIES = 8
const TOLD_WITHIN_MS = 3000
const FAR_MS = 20

/** Puts models where they fit: plans with what is there now, borrows the workers, and plans again without those it cannot have. */
export function createPlacer(deps: PlacerDeps, init: PlacerInit): Placer {
  const { log, pool, now } = deps
  const models = createPlacedModels({ log, pool, now })
  /** By model: its last placement may still be on its way out when the next load begins. */
  const latest = new Map<string, AsyncDisposable>()
  const asked = new Map<string, SaidWishes>()
  const givenBack = createGivenBack()

  async function view(config: ModelConfig, options: PlanOptions) {
    const layers = await readModelLayers(config.modelFile, options)
    const wishes = readWishes(config, options.wishes ?? asked.get(config.name) ?? {}, init.wishes())
    return {
      use: toModelUse(config, layers, { ...init, ...options }),
      wishes,
      named: await namedServers(wishes, options),
    }
  }

  /** Servers that only this model names are none of the pool's list. */
  async function namedServers({ pins = [] }: PlanWishes, options: AbortOptions): Promise<readonly WorkerView[]> {
    const listed = new Set((pool()?.list() ?? []).flatMap(({ peerId, name }) => [peerId, name]))
    const addresses = pins.map(({ worker }) => worker).filter((worker) => worker.includes(':') && !listed.has(worker))
    const found = await Promise.all(addresses.map((address) => deps.at(address, options)))
    return found.filter((server) => server !== undefined)
  }

  function decide(
    config: ModelConfig,
    { use, wishes }: Omit<Awaited<ReturnType<typeof view>>, 'named'>,
    workers: readonly WorkerView[],
  ): Plan {
    const others = deps.others({ config, ...wholeNeeds(modelNeeds(use)) })
    return planPlacement(use, { home: deps.home(config.name), workers: workers.map(toMachine), others }, wishes)
  }

  /** With those that are free, if that will do; else with all, for whom it may have to wait. */
  function decideNow(config: ModelConfig, seen: Awaited<ReturnType<typeof view>>, { gone, taken }: Refusals) {
    const { named, ...rest } = seen
    const workers = [...(pool()?.list() ?? []), ...named].filter(
      ({ peerId, unusable }) => unusable === undefined && !gone.has(peerId),
    )
    // What this node has just given back tells so a moment later.
    const free = workers.filter(({ peerId, busy }) => !taken.has(peerId) && (!busy || givenBack.has(peerId)))
    const plan = decide(config, rest, free)
    const mayWait = free.length < workers.length && (plan.verdict === 'refused' || free.length === 0)
    return mayWait ? { plan: decide(config, rest, workers), waitMs: WAIT_MS } : { plan, waitMs: FREE_WAIT_MS }
  }

  /** Measuring takes a second or two, so that it is left until it matters. */
  async function decideMeasured(
    config: ModelConfig,
    seen: Awaited<ReturnType<typeof view>>,
    { refusals, signal }: Required<AbortOptions> & { readonly refusals: Refusals },
  ) {
    const decided = decideNow(config, seen, refusals)
    if (decided.plan.verdict === 'here') return decided
    await raceSignal(deps.measure(), signal)
    return decideNow(config, seen, refusals)
  }

  async function place(config: ModelConfig, options: Required<AbortOptions>): Promise<ModelPlacement | undefined> {
    await latest.get(config.name)?.[Symbol.asyncDispose]()
    const seen = await view(config, options)
    const refusals = { gone: new Set<string>(), taken: new Set<string>() }
    for (let tries = 1; ; tries += 1) {
      const { plan, waitMs } = await decideMeasured(config, seen, { refusals, ...options })
      log.info({ model: config.name, verdict: plan.verdict, why: plan.why.join(' ') }, 'the model is placed')
      refuse(plan)
      const workers = pool()
      if (plan.verdict === 'here' || workers === undefined) return keep(plan, stayHere(models, plan))
      const leases = await borrowWorkers(workers, { plan, waitMs }, options)
      if (!('without' in leases)) return keep(plan, await spread({ models, connect: deps.connect }, plan, leases))
      if (tries >= MOST_TRIES) throw leases.error
      log.warn({ model: config.name, reason: leases.error.message }, 'a worker could not be had: planning without it')
      // Who is taken may be waited for when there is no other way.
      const isTaken = leases.error.code === 'worker.busy' && waitMs < WAIT_MS
      refusals[isTaken ? 'taken' : 'gone'].add(leases.without)
    }
  }

  function keep({ model, machines }: Plan, placement: ModelPlacement): ModelPlacement {
    latest.set(model, placement)
    return {
      ...placement,
      async [Symbol.asyncDispose]() {
        await placement[Symbol.asyncDispose]()
        if (latest.get(model) === placement) latest.delete(model)
        for (const { id } of machines) givenBack.note(id)
      },
    }
  }

  return {
    place,
    async plan(config, options = {}) {
      const [seen] = await Promise.all([view(config, options), raceSignal(deps.measure(), options.signal)])
      return decideNow(config, seen, { gone: new Set(), taken: new Set() }).plan
    },
    placed: models.list,
    wish(model, wishes) {
      if (wishes === undefined) asked.delete(model)
      else asked.set(model, wishes)
    },
  }
}

/** Workers that could not be had. */
interface Refusals {
  readonly gone: ReadonlySet<string>
  readonly taken: ReadonlySet<string>
}

function refuse({ model, verdict, why }: Plan): void {
  if (verdict !== 'refused') return
  throw new AppError('model.does-not-fit', `model ${model} is not loaded. ${why.join(' ')}`, { details: { model } })
}

/** Workers that this node has given back so lately that they may still call themselves busy. */
function createGivenBack() {
  const at = new Map<string, number>()
  return {
    note: (id: string) => void at.set(id, performance.now()),
    has: (id: string) => performance.now() - (at.get(id) ?? Number.NEGATIVE_INFINITY) < TOLD_WITHIN_MS,
  }
}

function toMachine({ peerId, name, memoryBytes, weightBytesPerSecond, roundTripMs }: WorkerView): Machine {
  return { id: peerId, name, memoryBytes, weightBytesPerSecond, roundTripMs: roundTripMs ?? FAR_MS }
}
