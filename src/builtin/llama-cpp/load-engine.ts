import { existsSync } from 'node:fs'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Engine, LoadEngine } from './engine.ts'
import type { EngineName, LoadRequest } from './load-request.ts'

export interface EngineChoice {
  /** What the command line says. */
  readonly engine: EngineName | 'auto'
  /** Sequences for models that do not say; 0: the engine decides. */
  readonly parallel: number
  /** Where the llama-server program should be. */
  readonly llamaServer?: string
  /**
   * What the environment says of workers (`GGML_BACKEND_PATH`, `LLAMA_RPC_SERVERS`, …): to llama.cpp they are the devices
   * that layers go to, and a GPU of this machine is left alone. Absent: there are none.
   */
  readonly workers?: Readonly<Record<string, string | undefined>>
  /** Made for this process, and removed when it has ended, however that was. Absent: there is none. */
  readonly folder?: string
}

export interface EngineFacts {
  readonly hasLlamaServer: boolean
  readonly hasGpu: boolean
}

/**
 * Which engine runs a model. The model's own option goes before the command line. Left alone, a CPU gets llama-server
 * where it is built (on several cores it is 1.2 to 3 times faster), and a GPU gets node-llama-cpp: our llama-server is
 * built for the CPU. Pure.
 */
export function chooseEngine(wanted: EngineName | 'auto', facts: EngineFacts): EngineName {
  if (wanted !== 'auto') return wanted
  return facts.hasLlamaServer && !facts.hasGpu ? 'llama-server' : 'node-llama-cpp'
}

/**
 * Threads for node-llama-cpp. Its JavaScript shares the cores with ggml's threads, which spin at a barrier after every
 * node of the graph: measured on two cores, two threads are half as fast again as one on an idle machine, and five to
 * twenty times slower beside one busy process (docs/status.md). One, then, unless the model's `nlc_threads:` option says
 * otherwise. On a GPU the CPU threads hardly matter. Pure.
 */
export function nodeThreads(request: LoadRequest, hasGpu: boolean): number {
  return request.nodeThreads ?? (hasGpu ? request.options.threads : 1)
}

/** Opens a model with the engine that fits; only that engine's code is loaded. */
export function createEngineLoader(choice: EngineChoice, log: (line: string) => void) {
  let loadWithNode: LoadEngine | undefined
  return async (request: LoadRequest, { signal }: Required<AbortOptions>): Promise<Engine> => {
    const hasLlamaServer = choice.llamaServer !== undefined && existsSync(choice.llamaServer)
    const wanted = request.engine ?? choice.engine
    const split = choice.workers !== undefined && request.options.gpuLayers > 0
    const mayUseGpu = request.options.gpuLayers > 0 && wanted !== 'llama-server' && !split
    const hasGpu = mayUseGpu && (await findGpu())
    const engine = chooseEngine(wanted, { hasLlamaServer, hasGpu })
    const options = { ...request.options, parallel: request.options.parallel || choice.parallel, split, signal }
    log(`engine: ${engine}`)
    if (engine === 'llama-server') {
      if (choice.llamaServer === undefined || !hasLlamaServer) {
        throw new AppError('backend.load-failed', 'llama-server is not installed')
      }
      const { createLlamaServerLoader } = await import('./llama-server/load-llama-server.ts')
      const environment = split ? choice.workers : {}
      const { llamaServer: binary, folder } = choice
      return await createLlamaServerLoader({ binary, environment, folder })(options)
    }
    const { createNodeLlamaCppLoader } = await import('./node-llama-cpp/load-node-llama-cpp.ts')
    loadWithNode ??= createNodeLlamaCppLoader()
    const gpuLayers = hasGpu || split ? options.gpuLayers : 0
    return await loadWithNode({ ...options, gpuLayers, threads: nodeThreads(request, hasGpu) })
  }
}

async function findGpu(): Promise<boolean> {
  const { hasUsableGpu } = await import('./node-llama-cpp/find-gpu.ts')
  return await hasUsableGpu()
}
