import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ManagementRoutesDeps } from '../api/localai/management-routes.ts'
import type { ResourcesDeps } from '../api/localai/resources.ts'
import type { ModelLoader } from '../backends/model-lease.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { RunSettings } from '../config/settings.ts'
import { capabilityWords } from '../gallery/backend/backend-entry.ts'
import { readMachineFacts } from '../gallery/backend/machine-facts.ts'
import { createConfigEditor } from '../gallery/config-editor.ts'
import { shownUrl } from '../gallery/index-reader.ts'
import { createJobs, type Jobs } from '../gallery/jobs/create-jobs.ts'
import { createJobHistory } from '../gallery/jobs/job-history.ts'
import { createManagement } from '../gallery/management.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Gallery } from './compose-gallery.ts'

export interface ManagementParts {
  /** For the HTTP face; with `--disable-gallery-endpoint` there is no `management` in it. */
  readonly api: {
    readonly management?: ManagementRoutesDeps
    readonly resources: Omit<ResourcesDeps, 'registry'>
  }
  readonly jobs: Pick<Jobs, 'submit' | 'whenOver'>
  /** Installs `--external-backends`, and keeps the jobs. */
  readonly part: Startable
  /** Reads the galleries, so that the first who asks need not wait. */
  readonly loadGalleries: (options: { readonly signal: AbortSignal }) => Promise<void>
}

interface Deps {
  readonly log: Logger
  readonly gallery: Gallery
  readonly registry: ModelRegistry
  readonly loader: Pick<ModelLoader, 'loaded' | 'unload'>
  /** Reads again which backends there are. */
  readonly backendsChanged: () => Promise<void>
}

const MAX_FILES = 20_000

/** Managing models and backends over HTTP. */
export function composeManagement(deps: Deps, settings: RunSettings): ManagementParts {
  const { gallery, registry, loader } = deps
  const log = deps.log.child({ room: 'gallery' })
  const history = createJobHistory({ log }, { path: join(settings.dataPath, 'jobs.json') })
  const jobs = createJobs({ log, history })
  const management = createManagement(
    {
      ...{ jobs, models: gallery.models, remover: gallery.remover, backends: gallery.backends },
      async releaseBackend(name, options) {
        const running = loader.loaded().filter(({ backend }) => backend === name)
        await Promise.all(running.map(({ id }) => loader.unload(id, options)))
      },
      backendsChanged: deps.backendsChanged,
    },
    { allowBackendUris: () => settings.allowBackendUris },
  )
  const editor = createConfigEditor(
    { registry, unload: (model, options) => loader.unload(model, options) },
    { modelsPath: settings.modelsPath },
  )
  const { models, catalog, backends, backendCatalog } = gallery
  const capability = async (): Promise<string> => capabilityWords(await readMachineFacts())[0] ?? 'default'
  const routes = { management, jobs, editor, models, catalog, backends, backendCatalog, registry, capability }
  const resources = {
    memoryRules: () => ({
      reclaimerEnabled: settings.memoryReclaimer,
      reclaimerThreshold: settings.memoryReclaimerThreshold,
      watchdogIntervalMs: settings.watchdogIntervalMs,
    }),
    storageBytes: () => storageBytes(settings.modelsPath),
  }
  return {
    jobs,
    api: settings.disableGalleryEndpoint ? { resources } : { management: routes, resources },
    part: {
      async start(options = {}) {
        await jobs.start(options)
        for (const reference of settings.externalBackends) {
          try {
            await backends.install(reference, options)
          } catch (error) {
            options.signal?.throwIfAborted()
            log.error({ backend: shownUrl(reference), err: error }, 'an external backend cannot be installed')
          }
        }
      },
      stop: () => jobs.stop(),
    },
    async loadGalleries(options) {
      if (!settings.autoloadGalleries) return
      await Promise.all([catalog.list(options), backendCatalog.list(options)])
    },
  }
}

/** Of the files at the top of the models folder, where all but a few are. */
async function storageBytes(modelsPath: string): Promise<number> {
  const names = (await readdir(modelsPath).catch(() => [])).slice(0, MAX_FILES)
  const sizes = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(modelsPath, name)).catch(() => undefined)
      return found?.isFile() === true ? found.size : 0
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
