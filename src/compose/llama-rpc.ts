import { AppError } from '../base/errors.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'
import type { EngineBuildOptions } from '../gallery/compile/build-engine-program.ts'
import { buildLlamaRpc, findLlamaRpc } from '../gallery/llama-rpc/build-llama-rpc.ts'
import type { Logger } from '../telemetry/logger.ts'
import { askWorker } from '../workers/program/ask-worker.ts'
import { startWorker } from '../workers/program/start-worker.ts'
import type { LlamaRpc } from '../workers/worker-process.ts'
import { engineBuildInit, ensureEnginePackage } from './engine-setup.ts'

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

/** `autobuildLlamaRpc` false: what is not there is not made, and asking for it says how to. */
export function createLlamaRpcSetup(
  deps: { readonly log: Logger },
  settings: { readonly cachePath: string; readonly autobuildLlamaRpc?: boolean },
): LlamaRpcSetup {
  const { log } = deps
  let found: LlamaRpc | undefined
  let running: { readonly built: Promise<LlamaRpc>; readonly cancel: AbortController; waiting: number } | undefined

  async function find(): Promise<LlamaRpc | undefined> {
    found ??= await findLlamaRpc(engineBuildInit(settings))
    return found
  }

  async function build(options: EngineBuildOptions & Required<AbortOptions>): Promise<LlamaRpc> {
    if (settings.autobuildLlamaRpc === false) {
      const message = 'what splits models over machines is not built here: local-ai backends install llama-rpc'
      throw new AppError('backend.build-failed', message)
    }
    log.info('compiling what splits models over machines (about ten seconds, once)')
    await ensureEnginePackage(settings, options)
    const built = await buildLlamaRpc({ ...engineBuildInit(settings), probe: probeBuiltWorker }, options)
    log.info({ build: built.build, protocol: built.protocol }, 'models can be split over machines')
    return built
  }

  function start(options: EngineBuildOptions): NonNullable<typeof running> {
    const cancel = new AbortController()
    return { built: build({ ...options, signal: cancel.signal }), cancel, waiting: 0 }
  }

  /** The build goes on while anybody waits for it. */
  async function ensure({ signal, ...options }: Parameters<LlamaRpcSetup['ensure']>[0] = {}): Promise<LlamaRpc> {
    const there = await find()
    if (there !== undefined) return there
    running ??= start(options)
    const mine = running
    mine.waiting += 1
    try {
      found = await raceSignal(mine.built, signal)
      return found
    } finally {
      mine.waiting -= 1
      if (mine.waiting === 0) {
        mine.cancel.abort()
        if (running === mine) running = undefined
      }
    }
  }

  return { find, ensure }
}

/** A real worker, as a user would get it: its sandbox must let it answer. */
export async function probeBuiltWorker(made: Omit<LlamaRpc, 'protocol'>, { signal }: AbortOptions): Promise<string> {
  const worker = await startWorker({ ...made, protocol: '' }, TRIAL_LIMITS, signal === undefined ? {} : { signal })
  try {
    const late = AbortSignal.timeout(TRIAL_TIMEOUT_MS)
    return (await askWorker(worker.socket, { signal: signal === undefined ? late : AbortSignal.any([late, signal]) }))
      .protocol
  } finally {
    await worker.stop()
  }
}
