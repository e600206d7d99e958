import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isObject } from '../base/json.ts'
import type { AbortOptions } from '../base/signals.ts'

/** A folder of the backends path with a `run.sh` in it, or a name that stands for one. */
export interface InstalledBackend {
  readonly name: string
  /** The backend it is a variant of, as `cuda12-llama-cpp` is of `llama-cpp`. */
  readonly alias?: string
  /** Absolute path of its `run.sh`. */
  readonly command: string
}

const LARGEST_METADATA_BYTES = 64 * 1024
const MOST_FOLDERS = 1_000

/** The installed backend for a name. An alias goes before a folder of that name; among several, the hardware decides. */
export function chooseInstalled(
  installed: readonly InstalledBackend[],
  name: string,
  hardware: readonly string[],
): string | undefined {
  const candidates = installed.filter((backend) => backend.alias === name)
  for (const word of hardware) {
    const fitting = candidates.find((backend) => backend.name.includes(word))
    if (fitting !== undefined) return fitting.command
  }
  return (candidates[0] ?? installed.find((backend) => backend.name === name))?.command
}

/** Sorted by name; a name in an earlier path hides the same name in a later one. */
export async function readInstalled(
  paths: readonly string[],
  options: AbortOptions,
): Promise<readonly InstalledBackend[]> {
  const found = new Map<string, InstalledBackend>()
  const standIns: { readonly name: string; readonly concrete: string }[] = []
  for (const folder of await listFolders(paths)) {
    options.signal?.throwIfAborted()
    const { alias, metaFor } = await readMetadata(join(folder.path, 'metadata.json'))
    const command = resolve(folder.path, 'run.sh')
    if (metaFor !== undefined) standIns.push({ name: folder.name, concrete: metaFor })
    else if (!found.has(folder.name) && (await isFile(command))) {
      found.set(folder.name, { name: folder.name, command, ...(alias === undefined ? {} : { alias }) })
    }
  }
  for (const { name, concrete } of standIns) {
    const backend = found.get(concrete)
    if (backend !== undefined && !found.has(name)) found.set(name, { name, command: backend.command })
  }
  return [...found.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1))
}

async function listFolders(
  paths: readonly string[],
): Promise<readonly { readonly name: string; readonly path: string }[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
      return entries
        .filter((entry) => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink()))
        .slice(0, MOST_FOLDERS)
        .map((entry) => ({ name: entry.name.toLowerCase(), path: join(path, entry.name) }))
    }),
  )
  return lists.flat()
}

async function readMetadata(file: string): Promise<{ readonly alias?: string; readonly metaFor?: string }> {
  try {
    if ((await stat(file)).size > LARGEST_METADATA_BYTES) return {}
    const metadata: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (!isObject(metadata)) return {}
    return { ...nameIn(metadata, 'alias', 'alias'), ...nameIn(metadata, 'meta_backend_for', 'metaFor') }
  } catch {
    // A folder without readable metadata is a backend named like the folder.
    return {}
  }
}

function nameIn<Key extends string>(
  metadata: Record<string, unknown>,
  field: string,
  key: Key,
): { readonly [name in Key]?: string } {
  const value = metadata[field]
  return typeof value === 'string' && value !== '' ? ({ [key]: value.toLowerCase() } as { [name in Key]: string }) : {}
}

export async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
