import { homedir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { readProxies } from '../base/proxies.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Environment } from '../config/setting.ts'
import type { StorageSettings } from '../config/settings.ts'
import { type BackendGallery, parseBackendIndex } from '../gallery/backend/backend-entry.ts'
import type { BackendInstaller } from '../gallery/backend/install-backend.ts'
import type { ImageTags } from '../gallery/backend/install-entry.ts'
import { type Catalog, createCatalog, SHIPPED_GALLERY } from '../gallery/catalog.ts'
import { createDownloads, type Downloads } from '../gallery/download/create-downloads.ts'
import { chooseHubEndpoint } from '../gallery/download/uri.ts'
import { type GallerySource, parseGalleryList } from '../gallery/gallery-entry.ts'
import { createIndexReader } from '../gallery/index-reader.ts'
import { createModelInstaller, type ModelInstaller } from '../gallery/install-model.ts'
import { createModelFiles, type ModelFiles } from '../gallery/model-files.ts'
import { createDockerCredentials } from '../gallery/oci/docker-credentials.ts'
import { createModelRemover, type ModelRemover } from '../gallery/remove-model.ts'
import { createSafetyScan } from '../gallery/safety-scan.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createOwnBackendInstaller } from './own-backend-installer.ts'

export interface GalleryContext {
  readonly log: Logger
  readonly environment: Environment
}

/** Settings are asked for when they are needed, so that they may change while a node runs. */
export type GallerySettings = StorageSettings & { readonly backendsSystemPath?: string }

/** What a running node adds: a command has none of it. */
export interface GalleryNode {
  readonly registry?: { reload(): Promise<void> }
  /** Lets a model that is in memory go after its running requests. */
  readonly unload?: (model: string, options: AbortOptions) => Promise<unknown>
  /** Names of backends that need no install, attached ones among them. */
  readonly backendNames?: () => Promise<readonly string[]>
}

/** Models and backends, to be installed and removed. Dispose it to close its connections. */
export interface Gallery extends AsyncDisposable {
  readonly models: ModelInstaller
  readonly remover: ModelRemover
  readonly backends: BackendInstaller
  readonly catalog: Catalog
  readonly backendCatalog: BackendGallery
  /** What configurations name by its address. */
  readonly files: ModelFiles
}

const BYTES_PER_GIGABYTE = 1e9

export function composeGallery(settings: GallerySettings, context: GalleryContext, node: GalleryNode = {}): Gallery {
  const log = context.log.child({ room: 'gallery' })
  const { environment } = context
  const { modelsPath, modelsConfigFile } = settings
  const { registry, unload, backendNames } = node
  const hubEndpoint = chooseHubEndpoint(environment)
  const { http, fetcher, images, close } = composeDownloads(settings, environment)
  const galleriesOf = createGalleryLists(log)
  const catalog = createCatalog(
    { log, http },
    {
      hubEndpoint,
      get galleries() {
        return [SHIPPED_GALLERY, ...galleriesOf(settings.galleries)]
      },
    },
  )
  const backendCatalog = createIndexReader(
    { log, http, parse: parseBackendIndex },
    {
      hubEndpoint,
      get galleries() {
        return galleriesOf(settings.backendGalleries)
      },
    },
  )
  const backends = createOwnBackendInstaller(
    { log, fetcher, images, gallery: backendCatalog, ...(backendNames && { otherNames: backendNames }) },
    { ...settings, imageTags: imageTagsOf(settings) },
  )
  const askHub = createSafetyScan({ http }, { hubEndpoint })
  const scan: typeof askHub = async (files, options) => {
    if (!settings.disablePredownloadScan) await askHub(files, options)
  }
  const models = createModelInstaller(
    {
      ...{ log, catalog, fetcher, http, images },
      ...(registry && { registry }),
      scan,
      ensureBackend: async (name, options) => {
        if (settings.autoloadBackendGalleries) await backends.ensure(name, options)
      },
    },
    { modelsPath, hubEndpoint },
  )
  const removerDeps = { log, ...(registry && { registry }), ...(unload && { unload }) }
  const remover = createModelRemover(removerDeps, { modelsPath, modelsConfigFile })
  const files = createModelFiles({ log, fetcher, scan }, { modelsPath })
  return { models, remover, backends, catalog, backendCatalog, files, [Symbol.asyncDispose]: close }
}

/** The models alone, as a command or the start of a node uses them. */
export function composeModelInstaller(
  settings: GallerySettings,
  context: GalleryContext,
  registry?: { reload(): Promise<void> },
): ModelInstaller & AsyncDisposable {
  const { models, ...gallery } = composeGallery(settings, context, registry && { registry })
  return { ...models, [Symbol.asyncDispose]: () => gallery[Symbol.asyncDispose]() }
}

/** Removing alone: it needs neither galleries nor a network. */
export function composeModelRemover(
  settings: Pick<StorageSettings, 'modelsPath' | 'modelsConfigFile'>,
  { log }: Pick<GalleryContext, 'log'>,
): ModelRemover {
  return createModelRemover({ log: log.child({ room: 'gallery' }) }, settings)
}

/** The backends alone. */
export function composeBackendInstaller(
  settings: GallerySettings,
  context: GalleryContext,
): BackendInstaller & AsyncDisposable {
  const { backends, ...gallery } = composeGallery(settings, context)
  return { ...backends, [Symbol.asyncDispose]: () => gallery[Symbol.asyncDispose]() }
}

export function composeDownloads(
  settings: Pick<StorageSettings, 'allowPrivateDownloads' | 'maxDownloadGigabytes'>,
  environment: Environment,
): Downloads {
  const token = environment['HF_TOKEN']
  return createDownloads({
    hubEndpoint: chooseHubEndpoint(environment),
    ...(token === undefined || token === '' ? {} : { hubToken: token }),
    packages: { environment },
    credentialsFor: createDockerCredentials({ configFile: dockerConfig(environment) }),
    http: {
      allowHttp: settings.allowPrivateDownloads,
      allowPrivateAddresses: settings.allowPrivateDownloads,
      maxBytes: settings.maxDownloadGigabytes * BYTES_PER_GIGABYTE,
      proxies: readProxies(environment),
    },
  })
}

/** Where `docker login` keeps what it was told. */
function dockerConfig(environment: Environment): string {
  return join(environment['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json')
}

function imageTagsOf(settings: GallerySettings): ImageTags {
  const { imagesReleaseTag, imagesBranchTag, imagesDevelopmentTag } = settings
  return { release: imagesReleaseTag, branch: imagesBranchTag, development: imagesDevelopmentTag }
}

/** A list that cannot be read is said once and counts as empty, as in LocalAI. */
function createGalleryLists(log: Logger): (text: string) => readonly GallerySource[] {
  const known = new Map<string, readonly GallerySource[]>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    let galleries: readonly GallerySource[] = []
    try {
      galleries = text.trim() === '' ? [] : parseGalleryList(text)
    } catch (error) {
      log.error(AppError.from(error, 'config.invalid').message)
    }
    known.set(text, galleries)
    return galleries
  }
}
