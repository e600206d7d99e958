import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BackendDefinition,
  createBackendCatalog,
  type ExternalBackend,
} from '../../../src/backends/backend-catalog.ts'
import { createModelLoader, type ModelLoaderDeps, type ModelLoaderInit } from '../../../src/backends/model-loader.ts'
import type { ModelConfig } from '../../../src/models/model-config.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { FAKE_BACKEND } from './watch.ts'

/** A model's config, of which only what a test is about needs saying. */
export function fakeModel(name: string, overrides: Partial<ModelConfig> = {}): ModelConfig {
  return {
    name,
    backend: 'fake',
    parameters: { model: `${name}.bin` },
    modelFile: `/nowhere/${name}.bin`,
    embeddings: false,
    reranking: false,
    mmap: true,
    mlock: false,
    f16: false,
    flashAttention: 'auto',
    loraAdapters: [],
    stopWords: [],
    options: [],
    knownUseCases: [],
    readyTimeoutMs: 30_000,
    downloadFiles: [],
    ...overrides,
  }
}

/** The fake backend as one of the node's own, under the name `fake`. */
export function fakeDefinition(reportPath: string, options: readonly string[] = [], name = 'fake'): BackendDefinition {
  const told = options.flatMap((option) => ['--option', option])
  return { name, command: process.execPath, args: [FAKE_BACKEND, '--report', reportPath, ...told] }
}

/** Writes a `run.sh` as LocalAI's backends have one: it watches no parent. `before`: what it does first. Gives its path. */
export async function writeRunScript(
  folder: string,
  reportPath: string,
  init: { readonly options?: readonly string[]; readonly exec?: boolean; readonly before?: string } = {},
): Promise<string> {
  const file = join(folder, 'run.sh')
  const told = ['lifeline=ignore', ...(init.options ?? [])].map((option) => `--option '${option}'`).join(' ')
  const command = `'${process.execPath}' '${FAKE_BACKEND}' --report '${reportPath}' ${told} "$@"`
  await writeFile(file, `#!/bin/sh\n${init.before ?? ''}\n${init.exec === false ? '' : 'exec '}${command}\n`)
  await chmod(file, 0o755)
  return file
}

export interface FakeLoaderInit extends Partial<ModelLoaderInit> {
  readonly builtins?: readonly BackendDefinition[]
  readonly external?: readonly ExternalBackend[]
  readonly deps?: Partial<ModelLoaderDeps>
}

/** A loader over fake backends. Dispose it: no process stays. */
export function createFakeLoader({ builtins = [], external = [], deps = {}, ...init }: FakeLoaderInit) {
  const loader = createModelLoader(
    {
      log: createLogger({ level: 'silent', format: 'json' }),
      catalog: createBackendCatalog({ builtins, external }),
      validate: async () => {},
      ...deps,
    },
    { environment: process.env, modelsPath: '/nowhere', ...init },
  )
  return Object.assign(loader, { [Symbol.asyncDispose]: () => loader.stop() })
}
