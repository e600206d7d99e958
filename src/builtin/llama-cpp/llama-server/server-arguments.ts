import { resolve } from 'node:path'
import { AppError } from '../../../base/errors.ts'
import type { EngineLoadOptions } from '../engine.ts'

const DEFAULT_CONTEXT_SIZE = 4096
const DEFAULT_BATCH_SIZE = 512
const DEFAULT_PARALLEL = 4
/** LocalAI's word for "all layers" is 99999999; no model has as many as this. */
const ALL_LAYERS = 10_000
/** From 2 on, it writes lines for requests that went well. */
const ERRORS_ONLY = '1'

/**
 * What llama-server is started with. Pure.
 *
 * Each sequence has its own cache of `contextSize` tokens: llama-server divides `--ctx-size` among them, rounds up to
 * 256, and `--kv-unified-per-slot` cuts that back to what was asked. It never goes beyond the model's training context.
 * An embedding or reranking model must take a whole text in one pass, so its passes are as long as its context.
 * One that embeds generates, too; one that reranks does nothing else.
 */
export function serverArguments(options: EngineLoadOptions, socketPath: string): readonly string[] {
  const parallel = parallelSequences(options)
  const contextSize = options.contextSize > 0 ? options.contextSize : DEFAULT_CONTEXT_SIZE
  const batchSize = options.batchSize > 0 ? options.batchSize : DEFAULT_BATCH_SIZE
  const wholeTexts = options.embeddings || options.reranking
  const pass = String(wholeTexts ? Math.max(batchSize, contextSize) : batchSize)
  return [
    ...['--host', socketPath],
    ...['--model', resolve(options.modelFile)],
    ...['--parallel', String(parallel)],
    ...['--ctx-size', String(contextSize * parallel), '--no-kv-unified', '--kv-unified-per-slot', String(contextSize)],
    ...['--batch-size', pass, '--ubatch-size', pass],
    ...(options.threads > 0 ? ['--threads', String(options.threads)] : []),
    ...gpuArguments(options.gpuLayers),
    ...['--flash-attn', options.flashAttention],
    ...['--load-mode', loadMode(options)],
    ...(options.reranking ? ['--reranking'] : []),
    ...(options.embeddings && !options.reranking ? ['--embeddings'] : []),
    ...options.lora.flatMap(({ file, scale }) => ['--lora-scaled', loraArgument(file, scale)]),
    // Everything is said above: trying what fits would read the model twice.
    ...['--fit', 'off'],
    // Control tokens are part of the text (a tool call may be written in them); those that end it are taken off again.
    '--special',
    // A full context ends the answer; nothing is forgotten silently.
    '--no-context-shift',
    // Only the caches of the sequences themselves: the other one takes up to 8 GiB.
    ...['--cache-ram', '0', '--no-cache-idle-slots'],
    ...['--no-ui', '--no-slots', '--no-jinja', '--offline', '--cors-origins', 'localhost'],
    ...['--log-verbosity', ERRORS_ONLY, '--log-colors', 'off'],
  ]
}

/** Sequences that this engine gives a model whose loader leaves it to us. */
export function parallelSequences({ parallel }: Pick<EngineLoadOptions, 'parallel'>): number {
  return parallel > 0 ? parallel : DEFAULT_PARALLEL
}

function gpuArguments(layers: number): readonly string[] {
  if (layers === 0) return ['--device', 'none']
  return ['--n-gpu-layers', layers >= ALL_LAYERS ? 'all' : String(layers)]
}

function loadMode({ mmap, mlock }: EngineLoadOptions): string {
  if (mmap) return mlock ? 'mmap+mlock' : 'mmap'
  return mlock ? 'mlock' : 'none'
}

/** llama-server splits this argument at commas and colons and knows no way to write them in a name. */
function loraArgument(file: string, scale: number): string {
  const path = resolve(file)
  if (/[,:"]/.test(path)) {
    throw new AppError('backend.load-failed', `a LoRA file may not have commas, colons or quotes in its path: ${path}`)
  }
  return `${path}:${scale}`
}
