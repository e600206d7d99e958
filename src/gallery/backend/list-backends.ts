import type { AbortOptions } from '../../base/signals.ts'
import type { BackendEntry, BackendGallery } from './backend-entry.ts'
import { type InstalledBackend, listFolders } from './backend-folder.ts'
import { type MachineFacts, whyUnusable } from './machine-facts.ts'
import { BUILT_IN, COMPILED, type CompiledName, GPU_BACKENDS, isCompiled, isOwn } from './own-backends.ts'

export interface ListedBackend {
  readonly name: string
  /** `gallery@name` for those of a gallery, else the name. */
  readonly id: string
  readonly description: string
  readonly installed: boolean
  /** Part of this program or of the system: neither installed nor removed. */
  readonly builtIn: boolean
  readonly version?: string
  /** Why this machine cannot use it. */
  readonly unusable?: string
  /** The backend that this one stands in for. */
  readonly alias?: string
  /** Its folder's `metadata.json`, when it has one. */
  readonly folder?: InstalledBackend
  readonly entry?: BackendEntry
}

export interface BackendSources {
  readonly backendsPath: string
  readonly systemPath?: string
  readonly gallery?: Pick<BackendGallery, 'list'>
  readonly machine: () => Promise<MachineFacts>
  readonly isCompiled: (name: CompiledName, options: AbortOptions) => Promise<boolean>
}

/** Our own, those of the galleries, what else is installed, and what came with the system; each name once. */
export async function listBackends(sources: BackendSources, options: AbortOptions): Promise<readonly ListedBackend[]> {
  const [folders, systemFolders, entries, facts, compiled] = await Promise.all([
    listFolders(sources.backendsPath),
    sources.systemPath === undefined ? [] : listFolders(sources.systemPath),
    sources.gallery?.list(options) ?? [],
    sources.machine(),
    listCompiled(sources, options),
  ])
  const present = new Map(folders.map((folder) => [folder.name, folder]))
  const found = [
    ...listOwn(facts, present, compiled),
    ...entries.filter(({ name }) => !isOwn(name)).map((entry) => listEntry(entry, present)),
    ...folders.map(listForeign),
    ...systemFolders.map((folder) => ({ ...listForeign(folder), builtIn: true })),
  ]
  const names = new Set<string>()
  return found.filter(({ name }) => !names.has(name) && names.add(name))
}

function listOwn(
  facts: MachineFacts,
  present: ReadonlyMap<string, InstalledBackend>,
  compiled: readonly ListedBackend[],
): readonly ListedBackend[] {
  return [
    {
      name: BUILT_IN,
      id: BUILT_IN,
      description: 'llama.cpp in this program, no set-up',
      installed: true,
      builtIn: true,
    },
    ...compiled,
    ...Object.keys(GPU_BACKENDS).map((name) => listGpu(name, facts, present.get(name))),
  ]
}

async function listCompiled(
  sources: Pick<BackendSources, 'isCompiled'>,
  options: AbortOptions,
): Promise<readonly ListedBackend[]> {
  const names = Object.keys(COMPILED).filter(isCompiled)
  return await Promise.all(
    names.map(async (name) => {
      const installed = await sources.isCompiled(name, options)
      return { name, id: name, description: COMPILED[name], installed, builtIn: false }
    }),
  )
}

function listGpu(name: string, facts: MachineFacts, present: InstalledBackend | undefined): ListedBackend {
  const { kind = 'cuda', description = '' } = GPU_BACKENDS[name] ?? {}
  const unusable = whyUnusable(kind, facts)?.reason
  return {
    name,
    id: name,
    description,
    installed: present !== undefined,
    builtIn: false,
    alias: BUILT_IN,
    ...(present === undefined ? {} : { folder: present }),
    ...(present?.version === undefined ? {} : { version: present.version }),
    ...(unusable === undefined ? {} : { unusable }),
  }
}

function listEntry(entry: BackendEntry, present: ReadonlyMap<string, InstalledBackend>): ListedBackend {
  const folder = present.get(entry.name)
  return {
    name: entry.name,
    id: entry.id,
    description: entry.description ?? '',
    installed: folder !== undefined,
    builtIn: false,
    entry,
    ...(entry.alias === undefined ? {} : { alias: entry.alias }),
    ...(folder === undefined ? {} : { folder }),
  }
}

function listForeign(folder: InstalledBackend): ListedBackend {
  const { name, alias, uri, version } = folder
  const description = [alias === undefined ? '' : `a ${alias}`, uri === undefined ? '' : `from ${uri}`].join(' ').trim()
  return {
    name,
    id: name,
    description,
    installed: true,
    builtIn: false,
    folder,
    ...(alias === undefined ? {} : { alias }),
    ...(version === undefined ? {} : { version }),
  }
}
