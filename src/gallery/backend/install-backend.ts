import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { backendName } from '../../models/aliases.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { RunCommand } from '../download/child-command.ts'
import type { FileFetcher } from '../download/fetch-file.ts'
import { describeUri } from '../download/uri.ts'
import type { Images } from '../oci/create-images.ts'
import type { BackendEntry, BackendGallery } from './backend-entry.ts'
import { checkBackendName, installFolder, removeFolder } from './backend-folder.ts'
import {
  type BackendInstallOptions,
  type BackendProgress,
  fillBackend,
  looksLikeName,
  nameOf,
  parseReference,
  signalOf,
} from './fill-backend.ts'
import { fillGpuBackend } from './gpu-backend.ts'
import { IMAGE_TAGS, type ImageTags, installEntry } from './install-entry.ts'
import { type BackendSources, type ListedBackend, listBackends } from './list-backends.ts'
import { type GpuKind, type MachineFacts, readMachineFacts, whyUnusable } from './machine-facts.ts'
import { BUILT_IN, type CompiledName, GPU_BACKENDS, isCompiled, isOwn } from './own-backends.ts'
import type { UnpackLimits } from './unpack-backend.ts'

/** Backends beyond the one that is built in. A failed or cancelled install changes nothing. */
export interface BackendInstaller {
  list(options?: AbortOptions): Promise<readonly ListedBackend[]>
  /** A name of the list or of a gallery, or the folder, `.tar.gz`, URL or image of a backend in LocalAI's layout. */
  install(reference: string, options?: BackendInstallOptions): Promise<ListedBackend>
  uninstall(name: string, options?: AbortOptions): Promise<void>
  /** Installs the backend that a model asks for, if it is missing and a gallery has it. */
  ensure(name: string, options?: BackendInstallOptions): Promise<void>
}

/** One that is compiled here. */
export interface CompiledBackend {
  isInstalled(options: AbortOptions): Promise<boolean>
  build(options: AbortOptions & { readonly onProgress?: (progress: BackendProgress) => void }): Promise<unknown>
  remove(options: AbortOptions): Promise<void>
}

export interface BackendInstallerDeps {
  readonly log: Logger
  readonly fetcher: FileFetcher
  readonly images: Pick<Images, 'unpack'>
  readonly run: RunCommand
  readonly compiled: Readonly<Record<CompiledName, CompiledBackend>>
  readonly machine?: () => Promise<MachineFacts>
  /** What can be installed by name beside our own builds. */
  readonly gallery?: BackendGallery
  /** Names that need no install: attached backends, for example. */
  readonly otherNames?: () => Promise<readonly string[]>
}

export interface BackendInstallerInit {
  readonly backendsPath: string
  /** Backends that came with the system. */
  readonly systemPath?: string
  /** See `GpuBackendPlan`. */
  readonly engine: {
    readonly version: string
    readonly platform: string
    readonly node: string
    readonly main: string
  }
  readonly limits?: UnpackLimits
  /** LocalAI's unless said otherwise. */
  readonly imageTags?: ImageTags
}

const DEFAULT_LIMITS: UnpackLimits = { maxBytes: 40 * 1024 ** 3, maxEntries: 200_000 }
export function createBackendInstaller(deps: BackendInstallerDeps, init: BackendInstallerInit): BackendInstaller {
  const { log, compiled, gallery, machine = readMachineFacts } = deps
  const { backendsPath, systemPath } = init
  const fill = { backendsPath, limits: init.limits ?? DEFAULT_LIMITS, imageTags: init.imageTags ?? IMAGE_TAGS }

  function list(options: AbortOptions = {}): Promise<readonly ListedBackend[]> {
    const own: BackendSources = {
      ...{ backendsPath, machine },
      isCompiled: async (name, signalled) => await compiled[name].isInstalled(signalled),
    }
    return listBackends(
      { ...own, ...(gallery && { gallery }), ...(systemPath === undefined ? {} : { systemPath }) },
      options,
    )
  }

  async function installGpu(name: string, kind: GpuKind, options: BackendInstallOptions): Promise<void> {
    const problem = whyUnusable(kind, await machine())
    if (problem !== undefined && !(problem.forcible && options.force === true)) {
      const hint = problem.forcible ? '; --force installs it all the same' : ''
      throw new AppError('backend.unsupported', `${name} is of no use on this machine: ${problem.reason}${hint}`)
    }
    options.onProgress?.({ what: `fetching ${name}`, current: 0 })
    const metadata = { name, alias: BUILT_IN, version: init.engine.version, uri: `npm://node-llama-cpp` }
    await installFolder(backendsPath, metadata, async (folder) => {
      await fillGpuBackend(deps.run, { ...init.engine, kind }, { ...signalOf(options), folder })
    })
  }

  async function installForeign(reference: string, options: BackendInstallOptions): Promise<string> {
    const uri = await parseReference(reference, { isLocal: options.overNetwork !== true })
    const name = checkBackendName(options.name ?? nameOf(uri))
    if (isOwn(name)) {
      throw new AppError('config.invalid', `"${name}" is the name of one of our own backends: choose another one`)
    }
    const alias = options.alias === undefined ? {} : { alias: checkBackendName(options.alias) }
    await fillBackend(deps, fill, { ...options, uri, metadata: { name, uri: describeUri(uri), ...alias } })
    return name
  }

  async function installOwn(name: string, options: BackendInstallOptions): Promise<void> {
    const { onProgress } = options
    const gpu = GPU_BACKENDS[name]
    if (gpu !== undefined) await installGpu(name, gpu.kind, options)
    else if (isCompiled(name)) {
      await compiled[name].build({ ...signalOf(options), ...(onProgress === undefined ? {} : { onProgress }) })
    }
  }

  async function installByReference(reference: string, options: BackendInstallOptions): Promise<string> {
    if (isOwn(reference)) {
      await installOwn(reference, options)
      return reference
    }
    const entry = looksLikeName(reference) ? await gallery?.find(reference, options) : undefined
    if (gallery !== undefined && entry !== undefined && !isOwn(entry.name)) {
      await installEntry({ ...deps, gallery, machine }, fill, { ...options, entry })
      return entry.name
    }
    if (options.overNetwork === true && looksLikeName(reference)) {
      throw new AppError('backend.not-found', `no backend found with name "${reference.slice(0, 100)}"`)
    }
    return await installForeign(reference, options)
  }

  async function install(reference: string, options: BackendInstallOptions = {}): Promise<ListedBackend> {
    const name = await installByReference(reference, options)
    log.info({ backend: name }, 'backend installed')
    const installed = (await list(signalOf(options))).find((backend) => backend.name === name)
    if (installed === undefined) throw new AppError('internal', `backend "${name}" is not there after its install`)
    return installed
  }

  /** By its name; of those that only stand in for it, one that has a variant for every machine. */
  async function findFor(name: string, options: AbortOptions): Promise<BackendEntry | undefined> {
    const named = await gallery?.find(name, options)
    if (named !== undefined) return named
    const entries = (await gallery?.list(options)) ?? []
    return entries.find(({ alias, sources }) => alias === name && sources.length === 0)
  }

  return {
    list,
    install,
    async uninstall(name, options = {}) {
      const listed = (await list(options)).find((backend) => backend.name === name)
      if (listed?.builtIn === true) {
        throw new AppError('backend.unsupported', `system backend "${name}" cannot be deleted`)
      }
      if (isCompiled(name)) await compiled[name].remove(signalOf(options))
      else await removeFolder(backendsPath, name)
      log.info({ backend: name }, 'backend removed')
    },
    async ensure(wanted, options = {}) {
      const name = backendName(wanted)
      const there = (await list(signalOf(options))).filter(({ installed }) => installed)
      const names = [...there.flatMap(({ name: own, alias }) => [own, alias]), ...((await deps.otherNames?.()) ?? [])]
      if (names.includes(name)) return
      const entry = await findFor(name, options)
      if (entry !== undefined) await install(entry.id, options)
      else log.warn({ backend: name }, "a model's backend is not installed, and no gallery has it")
    },
  }
}
