import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { RunSettings } from '../config/settings.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { WorkerMetrics } from '../telemetry/worker-metrics.ts'
import { createWorkerPool } from '../workers/lease/create-worker-pool.ts'
import { createOwnWorkers } from '../workers/lease/own-workers.ts'
import { createRpcServers } from '../workers/lease/rpc-servers.ts'
import { probeServer } from '../workers/program/external-worker.ts'
import type { Borrowing } from './compose-placement.ts'
import { createLlamaRpcSetup } from './llama-rpc.ts'

/** A node in no network borrows of the servers that are named to it. */
export function composeLoneBorrowing(
  deps: { readonly log: Logger; readonly metrics: WorkerMetrics },
  settings: RunSettings,
): Borrowing & { readonly parts: readonly Startable[] } {
  const log = deps.log.child({ room: 'workers' })
  const { rpcServers: addresses } = settings
  const servers = createRpcServers({ log, probe: probeServer }, { addresses })
  const setup = createLlamaRpcSetup({ log }, settings)
  const source = createOwnWorkers({ log, setup, onChange: () => {} }, { threads: () => 1 })
  const nobody = {
    peers: () => [],
    onChange: () => () => {},
    openSocket: async () => {
      throw new AppError('peer.unreachable', 'this node is in no network')
    },
  }
  const own = source.llamaRpc
  const pool = createWorkerPool(
    { ...{ log, servers, own, network: nobody, metrics: deps.metrics }, now: Date.now },
    { group: '' },
  )
  const preparing: Startable = {
    async start() {
      if (addresses.length > 0) source.prepare('to-borrow')
    },
    stop: async () => {},
  }
  return { pool, source, parts: [source, servers, preparing] }
}
