import { setImmediate } from 'node:timers/promises'
import { getLlama, type Llama, type LlamaContext, LlamaLogLevel, type LlamaModel } from 'node-llama-cpp'
import { AppError } from '../../../base/errors.ts'
import type { Engine, EngineLoadOptions, EngineModelInfo, LoadEngine } from '../engine.ts'
import { createGatherRule, type GatherRule } from './batching.ts'
import { catchFailedSampling } from './failed-sampling.ts'
import { createNodeEngine } from './node-engine.ts'

/** Below this, a CPU is faster without waiting for more sequences (measured with q8_0: 231 against 97 tokens/s at 2). */
const GATHER_FROM_ON_CPU = 4
const GATHER_FROM_ON_GPU = 2
/** Context when the caller leaves it to us: models are trained on more than most machines can hold. */
const DEFAULT_CONTEXT_SIZE = 4096
const DEFAULT_BATCH_SIZE = 512
const DEFAULT_PARALLEL = 4
/** LocalAI's word for "all layers" is 99999999; no model has as many as this. */
const ALL_LAYERS = 10_000

/** Opens a GGUF with node-llama-cpp, in this process: a fault in llama.cpp ends the process. */
export const loadNodeLlamaCpp: LoadEngine = async (options) => await createNodeLlamaCppLoader()(options)

/**
 * A loader that starts llama.cpp once (half a second) and keeps it from one model to the next. It is never disposed of:
 * it holds nothing open, and a second instance in one process would print its log to stdout.
 */
export function createNodeLlamaCppLoader(): LoadEngine {
  const log = createLog()
  const instances = new Map<'auto' | false, Promise<Llama>>()
  async function start(gpu: 'auto' | false): Promise<Llama> {
    try {
      return await getLlama({
        gpu,
        // Never compile or download in production: without a prebuilt binary this fails at once.
        build: 'never',
        skipDownload: true,
        progressLogs: false,
        logLevel: LlamaLogLevel.warn,
        logger: log.write,
      })
    } catch (error) {
      instances.delete(gpu)
      throw error
    }
  }
  return async (options) => {
    options.signal?.throwIfAborted()
    log.forgetErrors()
    try {
      // Workers are devices of the build for the CPU, too.
      const gpu = options.gpuLayers === 0 || options.split === true ? false : 'auto'
      const starting = instances.get(gpu) ?? start(gpu)
      instances.set(gpu, starting)
      const llama = await starting
      llama.maxThreads = options.threads
      return await openEngine(llama, options)
    } catch (error) {
      options.signal?.throwIfAborted()
      // The log comes in on a later turn of the event loop than the failure it explains.
      await setImmediate()
      const reason = error instanceof Error ? error.message : String(error)
      const said = log.firstError()
      throw new AppError('backend.load-failed', said === undefined ? reason : `${reason}: ${said}`, { cause: error })
    }
  }
}

async function openEngine(llama: Llama, options: EngineLoadOptions): Promise<Engine> {
  await using opened = new AsyncDisposableStack()
  const model = await loadModel(llama, options)
  opened.defer(async () => await model.dispose())
  // Over workers, a pass costs its round trips, however many sequences are in it.
  const onCpu = llama.gpu === false && options.split !== true
  const rule = createGatherRule({ gatherFrom: onCpu ? GATHER_FROM_ON_CPU : GATHER_FROM_ON_GPU })
  const context = isEncoder(model) ? undefined : await createContext({ model, rule }, options)
  if (context !== undefined) {
    opened.defer(async () => await context.dispose())
    catchFailedSampling(context)
  }
  const engine = createNodeEngine({
    llama,
    model,
    rule,
    // llama.cpp rounds up to a multiple of 256; what was asked for is what counts.
    info: readInfo(model, Math.min(wantedContext(model, options), context?.contextSize ?? model.trainContextSize)),
    threads: options.threads,
    ...(context === undefined ? {} : { context }),
    dispose: async () => await owned.disposeAsync(),
  })
  const owned = opened.move()
  return engine
}

/** A model that reads a whole text at once, for embeddings and ranking, and cannot continue one. */
function isEncoder(model: LlamaModel): boolean {
  const architecture: string = model.fileInfo.metadata.general.architecture
  const causal: unknown = model.fileInfo.architectureMetadata.attention?.causal
  return causal === false || /bert|^t5encoder$|^gemma-embedding$/.test(architecture)
}

async function loadModel(llama: Llama, options: EngineLoadOptions): Promise<LlamaModel> {
  return await llama.loadModel({
    modelPath: options.modelFile,
    ...layersAway(options),
    useMmap: options.mmap,
    useMlock: options.mlock,
    defaultContextFlashAttention: options.flashAttention === 'auto' ? 'auto' : options.flashAttention === 'on',
    ...(options.onProgress === undefined ? {} : { onLoadProgress: options.onProgress }),
    ...(options.signal === undefined ? {} : { loadSignal: options.signal }),
  })
}

/** The library judges by the memory that devices tell, and workers tell how the layers are to be divided instead. */
function layersAway({ gpuLayers, split }: EngineLoadOptions) {
  const isAll = gpuLayers >= ALL_LAYERS
  if (split === true) return { gpuLayers: isAll ? ('max' as const) : gpuLayers, ignoreMemorySafetyChecks: true }
  return { gpuLayers: isAll ? ('auto' as const) : gpuLayers }
}

async function createContext(
  { model, rule }: { readonly model: LlamaModel; readonly rule: GatherRule },
  options: EngineLoadOptions,
): Promise<LlamaContext> {
  return await model.createContext({
    sequences: options.parallel > 0 ? options.parallel : DEFAULT_PARALLEL,
    contextSize: wantedContext(model, options),
    batchSize: options.batchSize > 0 ? options.batchSize : DEFAULT_BATCH_SIZE,
    threads: options.threads,
    batching: { itemPrioritizationStrategy: rule.choose },
    ...(options.split === true ? { ignoreMemorySafetyChecks: true } : {}),
    ...(options.lora.length > 0
      ? { lora: { adapters: options.lora.map(({ file, scale }) => ({ filePath: file, scale })) } }
      : {}),
    ...(options.signal === undefined ? {} : { createSignal: options.signal }),
  })
}

function wantedContext(model: LlamaModel, options: EngineLoadOptions): number {
  const asked = options.contextSize > 0 ? options.contextSize : DEFAULT_CONTEXT_SIZE
  return Math.min(asked, model.trainContextSize)
}

function readInfo(model: LlamaModel, contextSize: number): EngineModelInfo {
  const { tokenizer } = model.fileInfo.metadata
  const template: unknown = tokenizer.chat_template
  return {
    contextSize,
    trainContextSize: model.trainContextSize,
    vocabularySize: tokenizer.ggml.tokens.length,
    ...(typeof template === 'string' && template !== '' ? { chatTemplate: template } : {}),
    bosToken: model.tokens.bosString ?? '',
    eosToken: model.tokens.eosString ?? '',
    addsBos: model.tokens.shouldPrependBosToken,
  }
}

/** llama.cpp says why a file does not load only in its log: the first error line goes into the message. */
function createLog() {
  let firstError: string | undefined
  return {
    write(level: LlamaLogLevel, message: string): void {
      const text = message.trim()
      if (text === '') return
      if (level === LlamaLogLevel.error || level === LlamaLogLevel.fatal) firstError ??= text.slice(0, 500)
      process.stderr.write(`[node-llama-cpp] ${level}: ${text}\n`)
    },
    firstError: () => firstError,
    forgetErrors() {
      firstError = undefined
    },
  }
}
