import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createBackendCatalog } from '../../../src/backends/backend-catalog.ts'
import { createModelLoader } from '../../../src/backends/model-loader.ts'
import { createContentStore } from '../../../src/inference/content/content-store.ts'
import { createMedia } from '../../../src/inference/media/media.ts'
import { createStores } from '../../../src/inference/stores/stores.ts'
import type { ModelConfig } from '../../../src/models/model-config.ts'
import { toModelConfig } from '../../../src/models/to-model-config.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

/** A model, and the backend that LocalAI would have for it. */
const MODELS = {
  painter: 'stablediffusion-ggml',
  director: 'vllm-omni',
  voice: 'piper',
  musician: 'ace-step',
  ears: 'whisper',
  guard: 'silero-vad',
  eyes: 'rfdetr',
  judge: 'rerankers',
} as const

export interface Asked {
  readonly call: string
  readonly request: Readonly<Record<string, unknown>>
  /** What the files held that the request named, by field. */
  readonly contents: Readonly<Record<string, string>>
}

/**
 * The real loader on one real backend process that serves every kind of model, and what inference is made of. `homeless`
 * is a model whose backend is not installed, `writer` one of text only.
 */
export async function startMediaBackend(home = '0000000000') {
  const folder = await mkdtemp(join(tmpdir(), 'local-ai-media-'))
  const journal = join(folder, 'journal')
  const child = spawn(process.execPath, [MAIN, '--addr', '127.0.0.1:0', '--journal', journal], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const uri = String(line).slice('listening on '.length)
  const log = createLogger({ level: 'silent', format: 'json' })
  const names = [...Object.values(MODELS), 'other-store']
  const catalog = createBackendCatalog({ builtins: [], external: names.map((name) => ({ name, uri })) })
  const loader = createModelLoader(
    { log, catalog, validate: async () => {} },
    { environment: process.env, modelsPath: folder },
  )
  const configs = new Map<string, ModelConfig>()
  const add = (name: string, file: { backend?: string }, modelFile: string) =>
    configs.set(name, toModelConfig(file, { name, modelFile: join(folder, modelFile) }, {}))
  for (const [name, backend] of Object.entries(MODELS)) add(name, { backend }, `${name}.bin`)
  add('homeless', { backend: 'kokoro' }, 'homeless.bin')
  add('writer', {}, 'writer.gguf')
  const registry = {
    find: (name: string) => configs.get(name),
    list: () => [...configs.values()].map((config) => ({ id: config.name, config, created: 0 })),
    fallback: (useCase: string) => [...configs.values()].find((config) => config.knownUseCases.includes(useCase)),
    reload: async () => {},
  }
  const content = createContentStore(
    { log, makeFolder: async (path) => void (await mkdir(path, { recursive: true })), home: () => home },
    {
      contentPath: join(folder, 'content'),
      uploadPath: join(folder, 'upload'),
      retention: { maxAgeMs: 3_600_000, maxBytes: 10_000_000 },
      sweepIntervalMs: 3_600_000,
    },
  )
  await loader.start()
  return {
    folder,
    configs,
    registry,
    loader,
    content,
    media: createMedia({ registry, loader, content }),
    stores: createStores({ loader }, { maxBytes: 1_000_000, maxStores: 4 }),
    /** What the backend was asked, in order. */
    async asked(): Promise<readonly Asked[]> {
      const text = await readFile(journal, 'utf8').catch(() => '')
      return text
        .split('\n')
        .filter((entry) => entry !== '')
        .map((entry): Asked => JSON.parse(entry))
    },
    async [Symbol.asyncDispose]() {
      await loader.stop()
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export type MediaBackend = Awaited<ReturnType<typeof startMediaBackend>>
