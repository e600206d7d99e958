import { type AbortOptions, raceSignal } from '../base/signals.ts'
import type { EngineBuildOptions } from '../gallery/compile/build-engine-program.ts'
import { findEnginePackage } from '../gallery/engine-package.ts'
import { buildLlamaRpc, findLlamaRpc, type LlamaRpcInit } from '../gallery/llama-rpc/build-llama-rpc.ts'
import type { Logger } from '../telemetry/logger.ts'
import { askWorker } from '../workers/program/ask-worker.ts'
import { startWorker } from '../workers/program/start-worker.ts'
import type { LlamaRpc } from '../workers/worker-process.ts'

/** What lends memory and what borrows it, as far as this machine has it. */
export interface LlamaRpcSetup {
  /** Undefined: not built yet, or not possible here. */
  find(): Promise<LlamaRpc | undefined>
  /**
   * Builds it when it is not there (some ten seconds, once); who asks while it is being built gets the same. Throws
   * `backend.build-failed`, and the signal's reason for this one caller.
   */
  ensure(options?: AbortOptions & Pick<EngineBuildOptions, 'jobs' | 'onProgress'>): Promise<LlamaRpc>
}

const TRIAL_TIMEOUT_MS = 10_000
const TRIAL_LIMITS = { threads: 1, memoryBytes: 64 * 1024 ** 2 }

export function createLlamaRpcSetup(
  deps: { readonly log: Logger },
  settings: { readonly cachePath: string },
): LlamaRpcSetup {
  let found: LlamaRpc | undefined
  let building: Promise<LlamaRpc> | undefined

  async function find(): Promise<LlamaRpc | undefined> {
    found ??= await findLlamaRpc(llamaRpcInit(settings))
    return found
  }

  async function build(options: EngineBuildOptions): Promise<LlamaRpc> {
    deps.log.info('compiling what splits models over machines (about ten seconds, once)')
    const built = await buildLlamaRpc(llamaRpcInit(settings), options)
    deps.log.info({ build: built.build, protocol: built.protocol }, 'models can be split over machines')
    return built
  }

  return {
    find,
    async ensure(options = {}) {
      const there = await find()
      if (there !== undefined) return there
      const { signal, ...rest } = options
      // Not ended by the first caller's signal: the others wait for the same, and it takes seconds.
      building ??= build(rest).finally(() => {
        building = undefined
      })
      found = await raceSignal(building, signal)
      return found
    },
  }
}

/** Where it is or will be, and how it is tried. */
export function llamaRpcInit({ cachePath }: { readonly cachePath: string }): LlamaRpcInit {
  const engineRoot = findEnginePackage({ cachePath })
  return { cacheDir: cachePath, ...(engineRoot === undefined ? {} : { engineRoot }), probe: tryWorker }
}

/** A real worker, as a user would get it: its sandbox must let it answer. */
async function tryWorker(made: Omit<LlamaRpc, 'protocol'>, { signal }: AbortOptions): Promise<string> {
  const worker = await startWorker({ ...made, protocol: '' }, TRIAL_LIMITS, signal === undefined ? {} : { signal })
  try {
    const late = AbortSignal.timeout(TRIAL_TIMEOUT_MS)
    return (await askWorker(worker.socket, { signal: signal === undefined ? late : AbortSignal.any([late, signal]) }))
      .protocol
  } finally {
    await worker.stop()
  }
}
