import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const generator = fileURLToPath(new URL('./tiny-gguf.mjs', import.meta.url))
const cacheDir = fileURLToPath(new URL('../../node_modules/.cache/local-ai-test-models/', import.meta.url))
const run = promisify(execFile)

/** 749 KB llama with random weights: gibberish, but the same on every machine and in every engine. */
export const tinyLlama = (seed = 1): Promise<string> => make('tiny-llama', ['--kind', 'llama', '--seed', String(seed)])

/**
 * `tinyLlama` of one layer, whose greedy text is the same however its tokens came into the cache: one by one, or many in a
 * pass. Through several layers, the rounding of cached keys and values grows until it decides between two tokens that
 * are nearly as likely.
 */
export const steadyLlama = (): Promise<string> =>
  make('steady-llama', ['--kind', 'llama', '--layers', '1', '--seed', '8'])

/** `tinyLlama` with no chat template of its own. */
export const tinyLlamaWithoutTemplate = (): Promise<string> =>
  make('tiny-bare-llama', ['--kind', 'llama', '--template', 'none'])

/** LoRA adapter that fits `tinyLlama` and changes what it says. */
export const tinyLora = (): Promise<string> => make('tiny-lora', ['--kind', 'lora'])

/** BERT with mean pooling: 64 numbers per text. */
export const tinyEmbedding = (): Promise<string> => make('tiny-embedding', ['--kind', 'bert'])

/** BERT cross-encoder with rank pooling. */
export const tinyReranker = (): Promise<string> => make('tiny-reranker', ['--kind', 'rerank'])

/** 71 M parameters in q8_0 (75 MB, several seconds to make): for benchmarks only. */
export const midLlama = (): Promise<string> =>
  make(
    'mid-llama',
    '--kind llama --type q8_0 --layers 24 --dim 512 --heads 8 --kv-heads 4 --ff 1408 --merges 200'.split(' '),
  )

/** The 570 KB chat model that this repository ships; it answers the few dozen questions it was taught. */
export const tinyChat = (): string => fileURLToPath(new URL('../../assets/models/tiny-chat-q8_0.gguf', import.meta.url))

/** The same in f16 (143 MB), whose greedy text is the same over however many machines: q8_0 is repacked where it runs. */
export const midLlamaF16 = (): Promise<string> =>
  make(
    'mid-llama-f16',
    '--kind llama --type f16 --layers 24 --dim 512 --heads 8 --kv-heads 4 --ff 1408 --merges 200'.split(' '),
  )

/** Made once per generator and arguments, and shared by all test processes: it appears whole or not at all. */
async function make(name: string, options: readonly string[]): Promise<string> {
  const key = createHash('sha256')
    .update(await readFile(generator))
    .update(options.join('\0'))
  const file = join(cacheDir, `${name}-${key.digest('hex').slice(0, 12)}.gguf`)
  if (existsSync(file)) return file
  await mkdir(cacheDir, { recursive: true })
  const unfinished = `${file}.${process.pid}.${crypto.randomUUID()}`
  try {
    await run(process.execPath, [generator, ...options, '--out', unfinished])
    await rename(unfinished, file)
  } finally {
    await rm(unfinished, { force: true })
  }
  return file
}
