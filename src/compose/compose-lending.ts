import { createLendingApp, type LendingApp, type LendingDeps } from '../api/workers/lending-app.ts'
import type { Startable } from '../base/lifecycle.ts'
import { createMemberCalls } from '../federation/member-calls.ts'
import type { LentMemory } from '../p2p/membership/node-record.ts'
import type { Network } from '../p2p/network.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { WorkerMetrics } from '../telemetry/worker-metrics.ts'
import { createLender, type Lender } from '../workers/lease/create-lender.ts'
import { createWorkerPool, type JoinedWorkerPool } from '../workers/lease/create-worker-pool.ts'
import { createFetchWeights } from '../workers/lease/fetch-weights.ts'
import type { LendingRules } from '../workers/lease/lending-offer.ts'
import type { ModelPieces } from '../workers/lease/model-pieces.ts'
import { createRpcServers } from '../workers/lease/rpc-servers.ts'
import type { WorkerSource } from '../workers/lease/worker-source.ts'
import { probeServer } from '../workers/program/external-worker.ts'
import { createGuardWorker } from '../workers/wire/guard-worker.ts'
import { createWeightStore } from '../workers/wire/weight-store.ts'

export interface ComposeLendingDeps {
  readonly log: Logger
  readonly network: Network
  readonly metrics: WorkerMetrics
  readonly source: WorkerSource
  readonly rules: () => LendingRules
  /** Takes nothing new; what runs goes on. Absent: never. */
  readonly draining?: () => boolean
  /** Absent: this node has no models. */
  readonly modelPieces?: ModelPieces
  /** What is advertised may be another now. */
  readonly onChange: () => void
}

export interface ComposeLendingInit {
  readonly group: string
  readonly weights: { readonly folder: string; readonly maxBytes: number }
  readonly rpcServers: readonly string[]
}

/** A node's part in models over several machines: what it lends, and what it borrows. */
export interface Lending {
  readonly lender: Lender
  readonly pool: JoinedWorkerPool
  readonly source: WorkerSource
  /** What the face for members gets. */
  readonly face: LendingDeps
  /** The face of a node that serves no requests. */
  readonly app: Pick<LendingApp, 'accept'>
  offered(): { readonly lends?: LentMemory }
  rulesChanged(): void
  /** In the order of starting, before the network. */
  readonly ground: readonly Startable[]
  /** In the order of starting, after the network. */
  readonly parts: readonly Startable[]
}

const PIECE_CALLS = { timeoutMs: 5000, maxAnswerBytes: 4 * 2 ** 20 } as const

export function composeLending(deps: ComposeLendingDeps, init: ComposeLendingInit): Lending {
  const { network, metrics, source, rules, onChange } = deps
  const log = deps.log.child({ room: 'workers' })
  const { group, weights: cache } = init
  const weights = cache.maxBytes > 0 ? createWeightStore({ log }, cache) : undefined
  const calls = createMemberCalls({ network }, PIECE_CALLS)
  const monotonic = () => performance.now()
  const servers = createRpcServers({ log, probe: probeServer }, { addresses: init.rpcServers })
  const lender = createLender(
    {
      ...{ log, network, metrics, rules, onChange, weights, now: Date.now },
      guard: createGuardWorker({ pieces: true }),
      fetchWeights: createFetchWeights(
        { network, call: calls.call, now: monotonic },
        { group, build: () => source.worker()?.build },
      ),
      worker: source.worker,
      freeBytes: source.freeBytes,
      draining: deps.draining,
    },
    { group },
  )
  const pool = createWorkerPool({ log, network, metrics, servers, now: Date.now, own: source.llamaRpc }, { group })
  const face = { lender, weights, modelPieces: deps.modelPieces }
  const app = createLendingApp({ ...face, log })

  /** What takes long to make is made when there is a use for it. */
  function prepare(): void {
    const { enabled } = rules()
    const peers = network.peers()
    if (enabled) source.prepare('to-lend')
    else if (init.rpcServers.length > 0 || peers.some(({ record }) => record.offer.lends !== undefined)) {
      source.prepare('to-borrow')
    }
  }

  let endWatch: (() => void) | undefined
  const preparing: Startable = {
    async start() {
      endWatch = network.onChange(prepare)
      prepare()
    },
    async stop() {
      endWatch?.()
    },
  }
  return {
    ...{ lender, pool, source, face, app },
    offered() {
      const lends = lender.lends()
      return lends === undefined ? {} : { lends }
    },
    rulesChanged() {
      prepare()
      lender.rulesChanged()
    },
    ground: [...(weights === undefined ? [] : [weights]), app],
    parts: [calls, servers, source, lender, preparing],
  }
}
