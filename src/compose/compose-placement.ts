import { availableParallelism, hostname } from 'node:os'
import type { ModelPlans } from '../api/localai/p2p-plan.ts'
import type { PlaceModel } from '../backends/model-placement.ts'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { RunSettings } from '../config/settings.ts'
import type { PeerView } from '../p2p/network.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { JoinedWorkerPool } from '../workers/lease/create-worker-pool.ts'
import { openWorkerSockets } from '../workers/lease/worker-sockets.ts'
import { createPlacer, type OtherNodes, type Placer } from '../workers/placement/create-placer.ts'
import type { Machine } from '../workers/placement/plan.ts'
import { parsePins } from '../workers/placement/read-wishes.ts'
import type { ConnectWorkers } from '../workers/placement/to-placement.ts'
import { readDeviceFacts } from '../workers/program/device-facts.ts'
import { engineEnvironment } from '../workers/program/engine-environment.ts'
import { createCarryEngine } from '../workers/wire/carry-engine.ts'
import type { DeviceFacts, LlamaRpc } from '../workers/worker-process.ts'
import type { Membership } from './compose-membership.ts'
import type { EngineRoom } from './engine-room.ts'
import { composeLoneBorrowing } from './lone-borrowing.ts'

/** What a node borrows with. */
export interface Borrowing {
  readonly pool: JoinedWorkerPool
  readonly source: { llamaRpc(): LlamaRpc | undefined }
}

export interface ComposePlacementDeps
  extends Pick<EngineRoom, 'registry' | 'loader' | 'speeds' | 'metrics' | 'engines'> {
  readonly log: Logger
  /** Undefined: the node is in no network. */
  readonly membership: Pick<Membership, 'lending' | 'member'> | undefined
}

interface HomeDeps {
  readonly log: Logger
  readonly engines: EngineRoom['engines']
  readonly source: Borrowing['source']
  readonly name: string
}

export interface Placement {
  readonly place: PlaceModel
  /** For the API. */
  readonly plans: ModelPlans
  /** To be started before the loader. */
  readonly parts: readonly Startable[]
}

/** A part of what is free is left to the system. */
const USABLE = 0.95
/** Machines are not always as fast as they were. */
const MEASURED_FOR_MS = 60_000

/** Where this node's models go: on this machine, or over the workers of its network. */
export function composePlacement(deps: ComposePlacementDeps, settings: RunSettings): Placement {
  const { registry, loader, speeds, metrics, membership } = deps
  const network = membership?.member.network
  // The parts of a member's are started with the network.
  const borrowing = membership && { ...membership.lending, parts: [] }
  const { pool, source, parts } = borrowing ?? composeLoneBorrowing({ log: deps.log, metrics }, settings)
  const home = createHome({ ...deps, source, name: network?.name ?? hostname() }, settings, () => placer.placed())
  const placer = createPlacer(
    {
      log: deps.log.child({ room: 'workers' }),
      pool: () => pool,
      at: async (address, options) => await pool.at(address, options),
      home: home.machine,
      measure: home.measure,
      others: otherNodes(() => network?.peers() ?? [], settings),
      connect: connectWith(source),
      now: Date.now,
    },
    {
      parallel: settings.parallel,
      wishes: () => ({
        split: settings.split,
        // Servers that are named one by one are there to be used, as LocalAI does it.
        pins: parsePins(settings.workers.length > 0 ? settings.workers : listedServers(pool, settings)),
      }),
    },
  )
  const measured = (model: string) => speeds.of(model).generationTokensPerSecond
  metrics.followSplits(() =>
    placer
      .placed()
      .filter(({ plan }) => plan.verdict === 'split')
      .map(({ plan: { model, tokensPerSecond, machines } }) => ({
        ...{ model, machines, predictedTokensPerSecond: tokensPerSecond, measuredTokensPerSecond: measured(model) },
      })),
  )

  function find(model: string) {
    const config = registry.find(model)
    if (config !== undefined) return config
    throw new AppError('model.not-found', `there is no model "${model}"`)
  }

  return {
    place: placer.place,
    parts,
    plans: {
      plan: async (model, options) => await placer.plan(find(model), options),
      placed: () =>
        placer.placed().map((placed) => ({ ...placed, measuredTokensPerSecond: measured(placed.plan.model) })),
      async apply(model, wishes, options) {
        const config = find(model)
        const plan = await placer.plan(config, { ...options, ...(wishes === undefined ? {} : { wishes }) })
        if (plan.verdict === 'refused') throw new AppError('model.does-not-fit', plan.why.join(' '))
        placer.wish(config.name, wishes)
        await loader.unload(config.name, options)
        using _lease = await loader.acquire(config, options)
        return placer.placed().find((placed) => placed.plan.model === config.name)?.plan ?? plan
      },
    },
  }
}

function listedServers(pool: JoinedWorkerPool, { rpcServers }: RunSettings): readonly string[] {
  const answering = new Set(pool.list().map(({ peerId }) => peerId))
  return rpcServers.filter((address) => answering.has(address))
}

/** This machine: what is free, and how fast it computes, which is measured once it matters. */
function createHome({ source, engines, name, log }: HomeDeps, settings: RunSettings, placed: Placer['placed']) {
  let facts: DeviceFacts | undefined
  let measuring: Promise<void> | undefined
  let measuredAt = Number.NEGATIVE_INFINITY

  function machine(model: string): Machine {
    // A model's file that is mapped counts as free: what of it is in memory can be read again.
    const mapped = placed()
      .filter(({ plan }) => plan.model !== model)
      .reduce((sum, { plan }) => sum + (plan.machines[0]?.weightBytes ?? 0), 0)
    const free = process.availableMemory() * USABLE
    const memoryBytes = Math.min(free, settings.modelMemory ?? Number.POSITIVE_INFINITY) - mapped
    return {
      ...{ id: 'here', name, roundTripMs: 0, memoryBytes: Math.max(0, memoryBytes) },
      weightBytesPerSecond: facts?.weightBytesPerSecond ?? {},
    }
  }

  async function read(llamaRpc: LlamaRpc): Promise<void> {
    // node-llama-cpp computes with one thread, whatever is said.
    const threads = engines.current().name === 'node-llama-cpp' ? 1 : (settings.threads ?? availableParallelism())
    try {
      facts = await readDeviceFacts(llamaRpc, threads)
      measuredAt = performance.now()
    } catch (error) {
      log.warn({ err: error }, 'this machine could not be measured: speeds of models over several machines are guesses')
    }
  }

  return {
    machine,
    async measure() {
      const llamaRpc = source.llamaRpc()
      if (llamaRpc === undefined) return
      if (performance.now() - measuredAt < MEASURED_FOR_MS) return
      measuring ??= read(llamaRpc).finally(() => {
        measuring = undefined
      })
      await measuring
    },
  }
}

function connectWith(source: Borrowing['source']): ConnectWorkers {
  return async (leases, weights) => {
    const carry = (lease: (typeof leases)[number]) => createCarryEngine({ pieces: lease.takesHashes })
    const sockets = await openWorkerSockets({ carry }, leases)
    const llamaRpc = source.llamaRpc()
    if (llamaRpc === undefined) {
      await sockets[Symbol.asyncDispose]()
      throw new AppError(
        'worker.mismatch',
        'this machine has no plug-in to use workers: local-ai backends install llama-rpc',
      )
    }
    return {
      environment: engineEnvironment(llamaRpc, { socketFolder: sockets.folder, weights }),
      lost: sockets.lost,
      [Symbol.asyncDispose]: async () => await sockets[Symbol.asyncDispose](),
    }
  }
}

/** Nodes that serve, and have the model or the memory for it; what is not known of their speed they are not held to. */
function otherNodes(peers: () => readonly PeerView[], settings: RunSettings): OtherNodes {
  return ({ config, memoryBytes, readBytes }) =>
    peers().flatMap(({ state, record, load }) => {
      const { offer, name } = record
      if (state !== 'linked' || !offer.serves || offer.draining || offer.group !== settings.p2pNetworkId) return []
      const has = offer.models.find((model) => model.name === config.name)
      if (has?.generationTokensPerSecond !== undefined) {
        return [{ name, tokensPerSecond: has.generationTokensPerSecond, hasModel: true }]
      }
      const fastest = Math.max(0, ...Object.values(offer.lends?.weightBytesPerSecond ?? {}))
      const isRoomy = (load?.memoryFreeBytes ?? 0) >= memoryBytes
      return isRoomy && fastest > 0 ? [{ name, tokensPerSecond: fastest / readBytes, hasModel: has !== undefined }] : []
    })
}
