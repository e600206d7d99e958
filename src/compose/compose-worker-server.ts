import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import { AppError } from '../base/errors.ts'
import { lifecycle, type Startable } from '../base/lifecycle.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'
import type { RpcServerSettings } from '../config/worker-settings.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { lendableBytes } from '../workers/lease/lendable-memory.ts'
import { parseLlamaArgs, splitLlamaArgs } from '../workers/lease/llama-args.ts'
import { createRpcListener, type RpcListener } from '../workers/lease/rpc-listener.ts'
import { createWorkerProgram } from '../workers/program/worker-program.ts'
import { createGuardWorker } from '../workers/wire/guard-worker.ts'
import { createLlamaRpcSetup } from './llama-rpc.ts'

const DEFAULT_ADDRESS = { host: '127.0.0.1', port: 50_052 }

/** `worker llama-cpp-rpc`: the same worker over TCP, for engines outside a network. Throws `config.invalid`. */
export function composeWorkerServer(
  settings: RpcServerSettings,
  { log: root, words }: { readonly log: Logger; readonly words: readonly string[] },
): Startable & AsyncDisposable {
  const log = root.child({ room: 'workers' })
  const args = parseLlamaArgs([...splitLlamaArgs(settings.llamaCppArgs), ...words])
  const { host, port, threads = availableParallelism(), memoryBytes } = { ...DEFAULT_ADDRESS, ...args }
  const isOpen = !isLoopback(host)
  if (isOpen && !settings.insecure) {
    const message = `${host} is reached by other machines, and ggml's RPC has neither keys nor encryption: whoever reaches it uses this worker. Lend in a network instead (local-ai worker p2p-llama-cpp-rpc), or add --insecure`
    throw new AppError('config.invalid', message)
  }
  const setup = createLlamaRpcSetup({ log }, settings)
  let listener: RpcListener | undefined
  return lifecycle([
    {
      async start(options: AbortOptions = {}) {
        const llamaRpc = await setup.ensure(options)
        const { start } = createWorkerProgram({ log }, { llamaRpc })
        listener = createRpcListener(
          {
            log,
            metrics: createMetrics({ log }, { processMetrics: false }),
            guard: createGuardWorker({ pieces: false }),
            now: Date.now,
            worker: { start },
            lendableBytes: () => lendableBytes(process.availableMemory(), memoryBytes),
          },
          { host, port, threads },
        )
        await raceSignal(listener.start(options), options.signal)
        const address = listener.address()
        if (isOpen) {
          const message =
            'THIS WORKER IS OPEN: whoever reaches this address can use it, and all that comes and goes can be read'
          log.warn(address, message)
        }
        const { build, protocol } = llamaRpc
        log.info({ ...address, build, protocol, threads }, 'the worker is listening')
      },
      stop: async () => await listener?.stop(),
    },
  ])
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.')
  return host === '::1' || host === 'localhost'
}
