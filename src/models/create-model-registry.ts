import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Startable } from '../base/lifecycle.ts'
import { type FolderWatch, watchFolder } from '../base/watch-folder.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ModelDefaults } from './defaults.ts'
import { createGgufSummaries } from './gguf-summaries.ts'
import type { ModelRegistry } from './model-registry.ts'
import { type ModelSnapshot, type ModelSources, type ReadModelsDeps, readModels } from './read-models.ts'

export interface ModelRegistryDeps extends Pick<ReadModelsDeps, 'check'> {
  readonly log: Logger
}

export interface ModelRegistryInit extends ModelSources {
  /** The name of the model for requests that name none; asked each time, since an install may set it later. */
  readonly defaultModel?: () => string | undefined
  /** Defaults that may change while the node runs: asked at each reading, before those above. */
  readonly defaults?: () => ModelDefaults
}

/**
 * The models of a folder. Starting makes the folder when it is not there, reads it and begins to watch it; stopping ends
 * the watch. Answers come from the last complete reading, so a reader never sees half of a reload.
 */
export function createModelRegistry(
  { log, check }: ModelRegistryDeps,
  init: ModelRegistryInit,
): ModelRegistry & Startable {
  let readings = 0
  const sources = (): ModelSources => ({
    ...init,
    ...init.defaults?.(),
    ...(readings === 0 ? {} : { revision: readings }),
    modelsPath: resolve(init.modelsPath),
  })
  const summaries = createGgufSummaries()
  let snapshot: ModelSnapshot = { listed: [], byName: new Map() }
  let said: ReadonlySet<string> = new Set()
  let running: Promise<void> | undefined
  let queued: Promise<void> | undefined
  let folderWatch: FolderWatch | undefined

  async function read(): Promise<void> {
    const saying = new Set<string>()
    const warn: Parameters<typeof readModels>[0]['warn'] = (facts) => {
      const sentence = JSON.stringify(facts)
      if (!said.has(sentence) && !saying.has(sentence)) log.warn(facts, warningFor(facts))
      saying.add(sentence)
    }
    snapshot = await readModels({ summaries, warn, ...(check && { check }) }, sources())
    said = saying
    readings += 1
    log.info({ models: snapshot.listed.length }, 'models read')
  }

  function readAlone(): Promise<void> {
    running = read().finally(() => {
      running = undefined
    })
    return running
  }

  /** A reload during a reload comes after it, since the first may have passed the file that changed. */
  function reload(): Promise<void> {
    if (queued !== undefined) return queued
    if (running === undefined) return readAlone()
    queued = running
      .catch(() => {})
      .then(() => {
        queued = undefined
        return readAlone()
      })
    return queued
  }

  function reloadUnasked(): void {
    reload().catch((error: unknown) => log.error({ err: error }, 'the models folder could not be read'))
  }

  return {
    list: () => snapshot.listed,
    find: (name) => snapshot.byName.get(name),
    fallback(useCase) {
      const preferred = init.defaultModel?.()
      const config = preferred === undefined ? undefined : snapshot.byName.get(preferred)
      if (config?.knownUseCases.includes(useCase)) return config
      return snapshot.listed.find((model) => model.config.knownUseCases.includes(useCase))?.config
    },
    reload,
    async start({ signal } = {}) {
      signal?.throwIfAborted()
      await mkdir(sources().modelsPath, { recursive: true })
      // Watched first: what changes while the folder is read for the first time is not lost.
      folderWatch = watchFolder(sources().modelsPath, {
        matters: isModelsFile,
        onChange: reloadUnasked,
        onProblem: (error) =>
          log.warn({ err: error }, 'the models folder cannot be watched: changes show after a reload'),
      })
      await reload()
    },
    async stop() {
      folderWatch?.close()
      folderWatch = undefined
      await (queued ?? running)?.catch(() => {})
    },
  }
}

function isModelsFile(file: string): boolean {
  return /\.(?:gguf|ya?ml|tmpl)$/i.test(file) && !file.startsWith('.')
}

function warningFor({ key }: { readonly key?: string }): string {
  return key === undefined
    ? 'a file of the models folder is not used as it should be'
    : 'a key of a model has no effect'
}
