import { join } from 'node:path'
import type { WorkersSeen } from '../api/localai/p2p-workers.ts'
import type { NodeSettings } from '../config/dynamic/node-settings.ts'
import type { RuntimeSettings } from '../config/dynamic/runtime-settings.ts'
import { mergeSettings, parseStored } from '../config/dynamic/stored-settings.ts'
import type { RunSettings } from '../config/settings.ts'
import type { Network } from '../p2p/network.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { WorkerMetrics } from '../telemetry/worker-metrics.ts'
import type { ModelPieces } from '../workers/lease/model-pieces.ts'
import { createOwnWorkers } from '../workers/lease/own-workers.ts'
import { composeLending, type Lending } from './compose-lending.ts'
import { createLendingRules } from './lending-rules.ts'
import { createLlamaRpcSetup } from './llama-rpc.ts'

export interface NodeLendingDeps {
  readonly log: Logger
  readonly network: Network
  readonly metrics: WorkerMetrics
  /** Undefined: they are switched off. */
  readonly runtimeSettings: Pick<RuntimeSettings, 'change'> | undefined
  readonly draining: () => boolean
  readonly modelPieces: ModelPieces
  readonly onChange: () => void
}

/** What `run` lends and borrows. `settings` are read anew each time, so that lending begins and ends without a restart. */
export function composeNodeLending(
  deps: NodeLendingDeps,
  settings: RunSettings,
): Lending & { readonly seen: WorkersSeen } {
  const log = deps.log.child({ room: 'workers' })
  const rules = createLendingRules({
    settings,
    runtimeSettings: deps.runtimeSettings,
    // What is read is not among the settings that only a NodeSettings has.
    read: (patch) => mergeSettings(settings as NodeSettings, new Set(), parseStored(patch)),
    onChange: () => lending.rulesChanged(),
  })
  const source = createOwnWorkers(
    { log, setup: createLlamaRpcSetup({ log }, settings), onChange: deps.onChange },
    { threads: () => rules.rules().threads },
  )
  const lending = composeLending(
    { ...deps, source, rules: rules.rules },
    {
      group: settings.p2pNetworkId,
      weights: { folder: join(settings.dataPath, 'weights'), maxBytes: settings.weightsCacheSize },
      rpcServers: settings.rpcServers,
    },
  )
  return {
    ...lending,
    seen: {
      list: lending.pool.list,
      lending: lending.lender.status,
      change: async ({ enabled, memory, threads, to }) =>
        await rules.change({
          ...(enabled === undefined ? {} : { lend: enabled }),
          ...(memory === undefined ? {} : { lend_memory: memory }),
          ...(threads === undefined ? {} : { lend_threads: threads }),
          ...(to === undefined ? {} : { lend_to: to }),
        }),
    },
  }
}
