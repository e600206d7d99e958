import type { ModelLoader } from '../backends/model-lease.ts'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { RunSettings } from '../config/settings.ts'
import type { ModelInstaller } from '../gallery/install-model.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import { reportProgress } from './report-progress.ts'

export interface ModelSetupDeps {
  readonly installer: ModelInstaller
  readonly registry: ModelRegistry
  readonly loader: Pick<ModelLoader, 'acquire'>
  readonly log: Logger
}

/** Gets models in place: those that were asked for before the node serves, the default one while it does. */
export interface ModelSetup {
  readonly beforeServing: Startable
  installDefault(options: Required<AbortOptions>): Promise<void>
}

export function createModelSetup(
  deps: ModelSetupDeps,
  settings: Pick<RunSettings, 'models' | 'loadToMemory' | 'defaultModel'>,
): ModelSetup {
  const { installer, registry, loader, log } = deps

  async function install(reference: string, options: AbortOptions): Promise<void> {
    const model = await installer.install(reference, { ...options, onProgress: reportProgress(log) })
    await registry.reload()
    log.info({ model: model.name }, 'model is installed')
  }

  async function load(name: string, options: AbortOptions): Promise<void> {
    const config = registry.find(name)
    if (config === undefined) throw new AppError('model.not-found', `--load-to-memory: there is no model "${name}"`)
    using _lease = await loader.acquire(config, options)
    log.info({ model: config.name }, 'model is loaded')
  }

  return {
    beforeServing: {
      async start(options = {}) {
        for (const reference of settings.models)
          if (registry.find(reference) === undefined) await install(reference, options)
        for (const name of settings.loadToMemory) await load(name, options)
      },
      stop: async () => {},
    },
    async installDefault(options) {
      const { defaultModel } = settings
      const ownModels = registry.list().filter((model) => model.demonstration === undefined)
      if (defaultModel === undefined || ownModels.length > 0) return
      log.info(
        { model: defaultModel },
        'the models folder is empty: installing the default model; until it is there, tiny-chat answers, a demonstration model that knows a few dozen sentences',
      )
      try {
        await install(defaultModel, options)
      } catch (error) {
        options.signal.throwIfAborted()
        const { message } = AppError.from(error, 'internal')
        log.warn(
          { model: defaultModel },
          `the default model could not be installed; tiny-chat, the demonstration model, goes on answering: ${message}`,
        )
      }
    },
  }
}
