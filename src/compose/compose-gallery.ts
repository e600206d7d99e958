import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../config/setting.ts'
import type { StorageSettings } from '../config/settings.ts'
import { type BackendInstaller, createBackendInstaller } from '../gallery/backend/install-backend.ts'
import { createCatalog, SHIPPED_GALLERY } from '../gallery/catalog.ts'
import { runCommand } from '../gallery/download/child-command.ts'
import { createDownloads, type Downloads } from '../gallery/download/create-downloads.ts'
import { chooseHubEndpoint } from '../gallery/download/uri.ts'
import { ENGINE_VERSION, findEnginePackage, installEnginePackage, platformPackage } from '../gallery/engine-package.ts'
import { parseGalleryList } from '../gallery/gallery-entry.ts'
import { createModelInstaller, type ModelInstaller } from '../gallery/install-model.ts'
import { buildLlamaServer, findLlamaServer } from '../gallery/llama-server/build-llama-server.ts'
import type { Logger } from '../telemetry/logger.ts'
import { builtinMain } from './builtin-main.ts'

export interface GalleryContext {
  readonly log: Logger
  readonly environment: Environment
}

const BYTES_PER_GIGABYTE = 1e9

function composeDownloads(settings: StorageSettings, environment: Environment): Downloads {
  const token = environment['HF_TOKEN']
  return createDownloads({
    hubEndpoint: chooseHubEndpoint(environment),
    ...(token === undefined || token === '' ? {} : { hubToken: token }),
    packages: { environment },
    http: {
      allowHttp: settings.allowPrivateDownloads,
      allowPrivateAddresses: settings.allowPrivateDownloads,
      maxBytes: settings.maxDownloadGigabytes * BYTES_PER_GIGABYTE,
    },
  })
}

/** The gallery as a command or the node uses it. Dispose it to close its connections. */
export function composeModelInstaller(
  settings: StorageSettings,
  { log, environment }: GalleryContext,
  registry?: { reload(): Promise<void> },
): ModelInstaller & AsyncDisposable {
  const gallery = log.child({ room: 'gallery' })
  const hubEndpoint = chooseHubEndpoint(environment)
  const { http, fetcher, close } = composeDownloads(settings, environment)
  const galleries = [SHIPPED_GALLERY, ...parseGalleryList(settings.galleries)]
  const catalog = createCatalog({ log: gallery, http }, { galleries, hubEndpoint })
  const installer = createModelInstaller(
    { log: gallery, catalog, fetcher, http, ...(registry === undefined ? {} : { registry }) },
    { modelsPath: settings.modelsPath, hubEndpoint },
  )
  return { ...installer, [Symbol.asyncDispose]: close }
}

export function composeBackendInstaller(
  settings: StorageSettings,
  { log, environment }: GalleryContext,
): BackendInstaller & AsyncDisposable {
  const { fetcher, close } = composeDownloads(settings, environment)
  const { cachePath } = settings
  const buildInit = (): { cacheDir: string; engineRoot?: string } => {
    const engineRoot = findEnginePackage({ cachePath })
    return { cacheDir: cachePath, ...(engineRoot === undefined ? {} : { engineRoot }) }
  }
  const installer = createBackendInstaller(
    {
      log: log.child({ room: 'gallery' }),
      fetcher,
      run: runCommand,
      llamaServer: {
        isInstalled: async () => (await findLlamaServer(buildInit())) !== undefined,
        async build(options) {
          await ensureEnginePackage(settings, options)
          const { onProgress, ...rest } = options
          const report = (current: number, total: number, what: string): void =>
            onProgress?.({ what: `compiling ${what}`, current, total })
          return await buildLlamaServer(buildInit(), { ...rest, onProgress: report })
        },
        async remove() {
          const found = await findLlamaServer(buildInit())
          if (found !== undefined) await rm(dirname(found.binary), { recursive: true, force: true })
        },
      },
    },
    {
      backendsPath: settings.backendsPath,
      engine: {
        version: ENGINE_VERSION,
        platform: platformPackage(),
        node: process.execPath,
        main: fileURLToPath(builtinMain('llama-cpp')),
      },
    },
  )
  return { ...installer, [Symbol.asyncDispose]: close }
}

/** Where node-llama-cpp is, after installing it when it is nowhere (docs/decisions/0003). */
export async function ensureEnginePackage(
  settings: Pick<StorageSettings, 'cachePath'>,
  options: { readonly signal?: AbortSignal; readonly onInstall?: () => void } = {},
): Promise<string> {
  const found = findEnginePackage({ cachePath: settings.cachePath })
  if (found !== undefined) return found
  options.onInstall?.()
  const { signal } = options
  return await installEnginePackage(
    { run: runCommand },
    { cachePath: settings.cachePath },
    signal === undefined ? {} : { signal },
  )
}
