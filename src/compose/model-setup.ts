import { readFile } from 'node:fs/promises'
import type { ModelLoader } from '../backends/model-lease.ts'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { RunSettings } from '../config/settings.ts'
import type { ModelInstaller } from '../gallery/install-model.ts'
import { type Jobs, type JobTools, jobKey } from '../gallery/jobs/create-jobs.ts'
import type { ModelFiles } from '../gallery/model-files.ts'
import { type PreloadRequest, parsePreloadRequests } from '../gallery/preload-requests.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import { reportProgress } from './report-progress.ts'

export interface ModelSetupDeps {
  readonly installer: Pick<ModelInstaller, 'install'>
  readonly files: ModelFiles
  readonly registry: Pick<ModelRegistry, 'find' | 'list' | 'reload'>
  readonly loader: Pick<ModelLoader, 'acquire'>
  readonly log: Logger
}

type DefaultModelJobs = Pick<Jobs, 'submit' | 'whenOver'>

/** Gets models in place: those that were asked for before the node serves, the default one while it does. */
export interface ModelSetup {
  /** Installs what was asked for, and fetches what configurations name by their address. */
  readonly install: Startable
  /** Loads what is to be in memory from the start on. */
  readonly load: Startable
  /** As a job, so that it is seen how far it is. */
  installDefault(jobs: DefaultModelJobs, options: Required<AbortOptions>): Promise<void>
}

export function createModelSetup(
  deps: ModelSetupDeps,
  settings: Pick<RunSettings, 'models' | 'loadToMemory' | 'defaultModel' | 'preloadModels' | 'preloadModelsConfig'>,
): ModelSetup {
  const { installer, files, registry, loader, log } = deps

  async function install(
    reference: PreloadRequest['reference'],
    { onStep, ...options }: AbortOptions & PreloadRequest['options'] & Partial<Pick<JobTools, 'onStep'>>,
  ): Promise<void> {
    const report = reportProgress(log)
    const model = await installer.install(reference, {
      ...options,
      onProgress(step) {
        report(step)
        onStep?.(step)
      },
    })
    await registry.reload()
    log.info({ model: model.name }, 'model is installed')
  }

  async function asJob(jobs: DefaultModelJobs, reference: string, { signal }: Required<AbortOptions>): Promise<void> {
    const { id } = jobs.submit({
      ...{ kind: 'model', action: 'install', subject: reference, key: jobKey(reference) },
      work: (tools) => install(reference, tools),
    })
    // When the node stops it goes with the other jobs.
    const job = await jobs.whenOver(id, { signal })
    if (job?.state !== 'failed') return
    log.warn(
      { model: reference },
      `the default model could not be installed; tiny-chat, the demonstration model, goes on answering: ${job.error}`,
    )
  }

  /** A model whose file cannot be fetched must not keep the node from serving the others. */
  async function fetchFiles(options: AbortOptions): Promise<void> {
    let fetched = 0
    for (const config of new Set(registry.list().map((model) => model.config))) {
      try {
        const onProgress = reportProgress(log)
        fetched += (await files.fetchMissing(config, { ...options, onProgress })).length
      } catch (error) {
        options.signal?.throwIfAborted()
        const { message } = AppError.from(error, 'download.failed')
        log.error({ model: config.name, reason: message }, 'a file of a model could not be fetched')
      }
    }
    if (fetched > 0) await registry.reload()
  }

  async function preload(options: AbortOptions): Promise<void> {
    const requests = [
      ...parsePreloadRequests(settings.preloadModels, '--preload-models'),
      ...(await readPreloadFile(settings.preloadModelsConfig)),
    ]
    for (const { reference, options: more } of requests) await install(reference, { ...options, ...more })
  }

  async function load(name: string, options: AbortOptions): Promise<void> {
    const config = registry.find(name)
    if (config === undefined) throw new AppError('model.not-found', `--load-to-memory: there is no model "${name}"`)
    using _lease = await loader.acquire(config, options)
    log.info({ model: config.name }, 'model is loaded')
  }

  return {
    install: {
      async start(options = {}) {
        for (const reference of settings.models)
          if (registry.find(reference) === undefined) await install(reference, options)
        await fetchFiles(options)
        await preload(options)
      },
      stop: async () => {},
    },
    load: {
      async start(options = {}) {
        for (const name of settings.loadToMemory) await load(name, options)
      },
      stop: async () => {},
    },
    async installDefault(jobs, options) {
      const { defaultModel } = settings
      const ownModels = registry.list().filter((model) => model.demonstration === undefined)
      if (defaultModel === undefined || ownModels.length > 0) return
      log.info(
        { model: defaultModel },
        'the models folder is empty: installing the default model; until it is there, tiny-chat answers, a demonstration model that knows a few dozen sentences',
      )
      await asJob(jobs, defaultModel, options)
    },
  }
}

async function readPreloadFile(path: string | undefined): Promise<readonly PreloadRequest[]> {
  if (path === undefined) return []
  try {
    return parsePreloadRequests(await readFile(path, 'utf8'), path)
  } catch (error) {
    if (error instanceof AppError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new AppError('config.invalid', `--preload-models-config: ${path} cannot be read (${code ?? String(error)})`, {
      cause: error,
    })
  }
}
