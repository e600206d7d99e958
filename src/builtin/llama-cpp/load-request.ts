import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { ModelOptions__Output } from '../../grpc/generated/backend/ModelOptions.ts'
import type { EngineLoadOptions } from './engine.ts'

export type EngineName = 'node-llama-cpp' | 'llama-server'

/** LoadModel in the engine's words. */
export interface LoadRequest {
  /** `engine:` of the model's options, when it names one. */
  readonly engine?: EngineName
  /** `nlc_threads:` of the model's options: threads for node-llama-cpp on a CPU, whatever `threads` says. */
  readonly nodeThreads?: number
  readonly options: EngineLoadOptions
}

const MOST_SEQUENCES = 256
const MOST_THREADS = 1024
const MOST_LORA_ADAPTERS = 32

export function toLoadRequest(request: ModelOptions__Output): LoadRequest {
  const modelFile = request.ModelFile !== '' ? request.ModelFile : resolve(request.ModelPath, request.Model)
  if (request.ModelFile === '' && request.Model === '') throw new AppError('request.invalid', 'no model file is named')
  const named = readOptions(request.Options)
  const engine = readEngine(named.get('engine'))
  const nodeThreads = readCount(named, 'nlc_threads', MOST_THREADS)
  return {
    ...(engine === undefined ? {} : { engine }),
    ...(nodeThreads === undefined ? {} : { nodeThreads }),
    options: {
      modelFile,
      contextSize: Math.max(0, request.ContextSize),
      threads: request.Threads > 0 ? Math.min(request.Threads, MOST_THREADS) : availableParallelism(),
      gpuLayers: Math.max(0, request.NGPULayers),
      batchSize: Math.max(0, request.NBatch),
      parallel: readCount(named, 'parallel', MOST_SEQUENCES) ?? readCount(named, 'n_parallel', MOST_SEQUENCES) ?? 0,
      embeddings: request.Embeddings,
      reranking: request.Reranking,
      mmap: request.MMap,
      mlock: request.MLock,
      flashAttention: readFlashAttention(request.FlashAttention),
      lora: readLora(request, dirname(modelFile)),
    },
  }
}

/** `key:value` entries; an entry without a value is a switch, and later ones win. */
function readOptions(entries: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    entries.map((entry) => {
      const cut = entry.indexOf(':')
      return cut < 0 ? [entry.trim(), 'true'] : [entry.slice(0, cut).trim(), entry.slice(cut + 1).trim()]
    }),
  )
}

function readCount(options: ReadonlyMap<string, string>, name: string, most: number): number | undefined {
  const text = options.get(name)
  if (text === undefined) return undefined
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= most) return count
  throw new AppError('request.invalid', `the option ${name} must be a whole number from 1 to ${most}, not "${text}"`)
}

function readEngine(name: string | undefined): EngineName | undefined {
  if (name === undefined || name === 'auto') return undefined
  if (name === 'node-llama-cpp' || name === 'llama-server') return name
  throw new AppError('request.invalid', `there is no engine "${name}": it is node-llama-cpp, llama-server or auto`)
}

function readFlashAttention(word: string): EngineLoadOptions['flashAttention'] {
  if (/^(on|true|enabled|1)$/i.test(word)) return 'on'
  return /^(off|false|disabled|0)$/i.test(word) ? 'off' : 'auto'
}

function readLora(request: ModelOptions__Output, folder: string): EngineLoadOptions['lora'] {
  const single = request.LoraAdapter === '' ? [] : [{ file: request.LoraAdapter, scale: request.LoraScale || 1 }]
  // A missing scale is 1; a scale that is there may well be 0.
  const listed = request.LoraAdapters.map((file, index) => ({ file, scale: request.LoraScales[index] ?? 1 }))
  const adapters = [...single, ...listed].map(({ file, scale }) => ({ file: resolve(folder, file), scale }))
  if (adapters.length <= MOST_LORA_ADAPTERS) return adapters
  throw new AppError('request.invalid', `${adapters.length} LoRA adapters; at most ${MOST_LORA_ADAPTERS} are possible`)
}
