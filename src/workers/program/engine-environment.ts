import { AppError } from '../../base/errors.ts'
import type { LlamaRpc } from '../worker-process.ts'

/** ggml's scheduler takes 16 backends, and the CPU is one of them: with more devices it aborts the process. */
export const MAX_WORKERS = 15
/** The kernel's limit for the path of a unix socket, less its final zero. */
const MAX_SOCKET_PATH = 103

export interface EngineWorkers {
  /** A private folder; worker `i` is reached over the unix socket `workerSocket(socketFolder, i)` in it. */
  readonly socketFolder: string
  /**
   * Of each worker, in order: its part of the layers that leave this machine. Whole numbers of layers (the output
   * counts as one) are kept to exactly when their sum is the number of layers given away.
   */
  readonly weights: readonly number[]
}

/** Where the node has to listen before the engine's process starts. */
export function workerSocket(socketFolder: string, index: number): string {
  return `${socketFolder}/${index}.sock`
}

/**
 * What makes the process of an engine (node-llama-cpp, or llama-server) see workers as its devices `RPC0`, `RPC1`, …. It
 * connects once to each of them when it loads its libraries, and aborts (SIGABRT) when one cannot be reached or goes away.
 *
 * A worker computes with weights as the file has them. On its own CPU llama.cpp may rearrange quantized ones (repacking,
 * AMX), which rounds differently: split and whole give the same greedy text where it does not, as with f16, or with
 * llama-server's `--no-repack`.
 */
export function engineEnvironment(llamaRpc: Pick<LlamaRpc, 'plugin'>, workers: EngineWorkers): Record<string, string> {
  const { socketFolder, weights } = workers
  if (weights.length > MAX_WORKERS) {
    throw new AppError('model.does-not-fit', `a model runs over ${MAX_WORKERS} workers at most, not ${weights.length}`)
  }
  if (!weights.some((weight) => weight > 0)) throw new AppError('internal', 'no worker has a part of the model')
  if (weights.some((weight) => !Number.isSafeInteger(weight) || weight < 0 || weight > 0xffff)) {
    throw new AppError('internal', `weights of workers are whole numbers up to 65535, not ${weights.join(', ')}`)
  }
  if (workerSocket(socketFolder, weights.length).length > MAX_SOCKET_PATH) {
    throw new AppError('internal', `the folder for sockets has too long a name: ${socketFolder}`)
  }
  return {
    GGML_BACKEND_PATH: llamaRpc.plugin,
    LLAMA_RPC_SOCKETS: socketFolder,
    LLAMA_RPC_SERVERS: weights.map((weight, index) => `worker:${index}*${weight}`).join(','),
    // An abort is an ordinary event here; with gdb installed it would take seconds and print pages.
    GGML_NO_BACKTRACE: '1',
  }
}
