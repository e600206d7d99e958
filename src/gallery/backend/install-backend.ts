import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { RunCommand } from '../download/child-command.ts'
import type { FileFetcher } from '../download/fetch-file.ts'
import { describeUri, type ModelUri, parseModelUri, pathOf } from '../download/uri.ts'
import { makeWorkFolder } from '../download/work-folder.ts'
import {
  checkBackendName,
  type InstalledBackend,
  installFolder,
  listFolders,
  removeFolder,
  unwrapSingleFolder,
} from './backend-folder.ts'
import { fillGpuBackend } from './gpu-backend.ts'
import { type GpuKind, type MachineFacts, readMachineFacts, whyUnusable } from './machine-facts.ts'
import { copyBackend, type UnpackLimits, unpackTar } from './unpack-backend.ts'

export interface BackendProgress {
  readonly what: string
  readonly current: number
  readonly total?: number
}

export interface BackendInstallOptions extends AbortOptions {
  readonly onProgress?: (progress: BackendProgress) => void
  /** Install although no fitting GPU was found. */
  readonly force?: boolean
  /** What to call a backend that comes from a folder or an archive. */
  readonly name?: string
  /** Of an archive. */
  readonly sha256?: string
}

export interface ListedBackend {
  readonly name: string
  readonly description: string
  readonly installed: boolean
  /** Part of this program: neither installed nor removed. */
  readonly builtIn: boolean
  readonly version?: string
  /** Why this machine cannot use it. */
  readonly unusable?: string
}

/** Backends beyond the one that is built in. A failed or cancelled install changes nothing. */
export interface BackendInstaller {
  list(options?: AbortOptions): Promise<readonly ListedBackend[]>
  /** A name of the list, or the folder, `.tar.gz` or URL of a backend in LocalAI's layout. */
  install(reference: string, options?: BackendInstallOptions): Promise<ListedBackend>
  uninstall(name: string, options?: AbortOptions): Promise<void>
}

/** The compiled llama-server, which has a cache of its own. */
export interface LlamaServerParts {
  isInstalled(options: AbortOptions): Promise<boolean>
  build(options: AbortOptions & { readonly onProgress?: (progress: BackendProgress) => void }): Promise<unknown>
  remove(options: AbortOptions): Promise<void>
}

export interface BackendInstallerDeps {
  readonly log: Logger
  readonly fetcher: FileFetcher
  readonly run: RunCommand
  readonly llamaServer: LlamaServerParts
  readonly machine?: () => Promise<MachineFacts>
}

export interface BackendInstallerInit {
  readonly backendsPath: string
  /** See `GpuBackendPlan`. */
  readonly engine: {
    readonly version: string
    readonly platform: string
    readonly node: string
    readonly main: string
  }
  readonly limits?: UnpackLimits
}

const DEFAULT_LIMITS: UnpackLimits = { maxBytes: 40 * 1024 ** 3, maxEntries: 200_000 }
const LLAMA_SERVER = 'llama-server'
const BUILT_IN = 'llama-cpp'
const GPU_BACKENDS: Readonly<Record<string, { readonly kind: GpuKind; readonly description: string }>> = {
  'llama-cpp-cuda': { kind: 'cuda', description: 'llama.cpp for NVIDIA GPUs (about 550 MB)' },
  'llama-cpp-vulkan': { kind: 'vulkan', description: 'llama.cpp for GPUs with a Vulkan driver (about 150 MB)' },
}
const CONTAINER_IMAGE =
  /^(?:oci|ocifile|docker):\/\/|^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?\/[a-z0-9._/-]+(?:[:@][\w.:-]+)?$/i

export function createBackendInstaller(deps: BackendInstallerDeps, init: BackendInstallerInit): BackendInstaller {
  const { log, llamaServer, machine = readMachineFacts } = deps
  const { backendsPath } = init
  const limits = init.limits ?? DEFAULT_LIMITS

  async function list(options: AbortOptions = {}): Promise<readonly ListedBackend[]> {
    const [folders, facts] = await Promise.all([listFolders(backendsPath), machine()])
    const present = new Map(folders.map((folder) => [folder.name, folder]))
    const gpu = Object.keys(GPU_BACKENDS).map((name) => listGpu(name, facts, present.get(name)))
    const others = folders.filter(({ name }) => !(name in GPU_BACKENDS))
    return [
      { name: BUILT_IN, description: 'llama.cpp in this program, no set-up', installed: true, builtIn: true },
      {
        name: LLAMA_SERVER,
        description: "llama.cpp's server, compiled here: faster on several CPU cores",
        installed: await llamaServer.isInstalled(options),
        builtIn: false,
      },
      ...gpu,
      ...others.map(listForeign),
    ]
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
    const uri = await parseReference(reference)
    const name = checkBackendName(options.name ?? nameOf(uri))
    if (name === BUILT_IN || name === LLAMA_SERVER || name in GPU_BACKENDS) {
      throw new AppError('config.invalid', `"${name}" is the name of one of our own backends: choose another one`)
    }
    await installFolder(backendsPath, { name, uri: describeUri(uri) }, async (folder) => {
      if (uri.kind === 'file' && (await stat(uri.path)).isDirectory()) {
        await copyBackend(uri.path, folder, { ...signalOf(options), limits })
        return
      }
      await unpackArchive(uri, folder, options)
      await unwrapSingleFolder(folder)
    })
    return name
  }

  async function unpackArchive(uri: ModelUri, folder: string, options: BackendInstallOptions): Promise<void> {
    await using work = await makeWorkFolder(backendsPath)
    const { onProgress, sha256, signal } = options
    const archive = await deps.fetcher.fetch(
      {
        uri,
        target: join(work.path, 'backend.tar.gz'),
        maxBytes: limits.maxBytes,
        ...(sha256 === undefined ? {} : { sha256 }),
      },
      {
        ...(signal === undefined ? {} : { signal }),
        onProgress: ({ receivedBytes, totalBytes }) =>
          onProgress?.({
            what: `fetching ${describeUri(uri)}`,
            current: receivedBytes,
            ...(totalBytes === undefined ? {} : { total: totalBytes }),
          }),
      },
    )
    await unpackTar(archive.target, folder, { ...signalOf(options), limits })
  }

  return {
    list,
    async install(reference, options = {}) {
      const gpu = GPU_BACKENDS[reference]
      let name = reference
      if (reference === LLAMA_SERVER) {
        const { onProgress } = options
        await llamaServer.build({ ...signalOf(options), ...(onProgress === undefined ? {} : { onProgress }) })
      } else if (gpu !== undefined) {
        await installGpu(reference, gpu.kind, options)
      } else if (reference !== BUILT_IN) {
        name = await installForeign(reference, options)
      }
      log.info({ backend: name }, 'backend installed')
      const installed = (await list(signalOf(options))).find((backend) => backend.name === name)
      if (installed === undefined) throw new AppError('internal', `backend "${name}" is not there after its install`)
      return installed
    },
    async uninstall(name, options = {}) {
      if (name === BUILT_IN) throw new AppError('backend.unsupported', `system backend "${name}" cannot be deleted`)
      if (name === LLAMA_SERVER) await llamaServer.remove(signalOf(options))
      else await removeFolder(backendsPath, name)
      log.info({ backend: name }, 'backend removed')
    },
  }
}

function listGpu(name: string, facts: MachineFacts, present: InstalledBackend | undefined): ListedBackend {
  const { kind = 'cuda', description = '' } = GPU_BACKENDS[name] ?? {}
  const unusable = whyUnusable(kind, facts)?.reason
  return {
    name,
    description,
    installed: present !== undefined,
    builtIn: false,
    ...(present?.version === undefined ? {} : { version: present.version }),
    ...(unusable === undefined ? {} : { unusable }),
  }
}

function listForeign({ name, alias, uri, version }: InstalledBackend): ListedBackend {
  const description = [alias === undefined ? '' : `a ${alias}`, uri === undefined ? '' : `from ${uri}`].join(' ').trim()
  return { name, description, installed: true, builtIn: false, ...(version === undefined ? {} : { version }) }
}

/** A path that exists goes before everything, a container image is refused by its look. */
async function parseReference(reference: string): Promise<ModelUri> {
  const found = await stat(reference).catch(() => undefined)
  if (found !== undefined) return { kind: 'file', path: reference }
  if (CONTAINER_IMAGE.test(reference)) {
    throw new AppError(
      'download.refused',
      `"${reference.slice(0, 200)}" is a container image, which is not supported yet: use a folder or a .tar.gz of the backend`,
    )
  }
  if (!reference.includes('://') && !/[/\\]/.test(reference)) {
    throw new AppError('backend.not-found', `no backend found with name "${reference.slice(0, 100)}"`)
  }
  return parseModelUri(reference)
}

function nameOf(uri: ModelUri): string {
  return basename(pathOf(uri).replace(/[/\\]+$/, '')).replace(/\.(?:tar\.gz|tgz|tar)$/i, '')
}

function signalOf({ signal }: AbortOptions): AbortOptions {
  return signal === undefined ? {} : { signal }
}
