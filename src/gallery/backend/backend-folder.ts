import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { makeWorkFolder, removeTree } from '../download/work-folder.ts'
import { optionalText } from '../gallery-entry.ts'

/** `metadata.json`, with LocalAI's field names. */
export interface BackendMetadata {
  readonly name: string
  /** The backend this one stands in for, as `llama-cpp` for `llama-cpp-cuda`. */
  readonly alias?: string
  /** Where it was installed from. */
  readonly uri?: string
  readonly version?: string
  /** Index of the gallery that it is from. */
  readonly gallery_url?: string
  /** Set for one that only stands for another: the name of the backend that is really run. */
  readonly meta_backend_for?: string
  readonly installed_at?: string
}

export interface InstalledBackend extends BackendMetadata {
  readonly path: string
}

const MAX_METADATA_BYTES = 64 * 1024
const MAX_FOLDERS = 1000

/** A name that is safe as a folder and as the `backend:` of a model. */
export function checkBackendName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}$/.test(name)) return name
  throw new AppError('config.invalid', `invalid backend name: ${name.slice(0, 100)}`)
}

/**
 * Makes a backend in a folder beside its place and puts it there in one step, so that a failed install changes
 * nothing and a running backend is never half replaced.
 */
export async function installFolder(
  backendsPath: string,
  metadata: BackendMetadata,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const name = checkBackendName(metadata.name)
  await using work = await makeWorkFolder(backendsPath)
  const staging = join(work.path, 'new')
  const replaced = join(work.path, 'old')
  await mkdir(staging)
  await fill(staging)
  await checkRunFile(staging, name)
  const written = { ...metadata, name, installed_at: new Date().toISOString() }
  await writeFile(join(staging, 'metadata.json'), `${JSON.stringify(written, undefined, 2)}\n`)
  const place = join(backendsPath, name)
  const hadOne = await rename(place, replaced).then(
    () => true,
    () => false,
  )
  try {
    await rename(staging, place)
  } catch (error) {
    if (hadOne) await rename(replaced, place)
    throw error
  }
}

export async function listFolders(backendsPath: string): Promise<readonly InstalledBackend[]> {
  const entries = await readdir(backendsPath, { withFileTypes: true }).catch(() => [])
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).slice(0, MAX_FOLDERS)
  const found = await Promise.all(folders.map(async ({ name }) => await readFolder(join(backendsPath, name), name)))
  return found.filter((backend) => backend !== undefined)
}

/** Makes a folder that only says which backend is meant by a name. */
export async function installStandIn(backendsPath: string, metadata: BackendMetadata): Promise<void> {
  const name = checkBackendName(metadata.name)
  const folder = join(backendsPath, name)
  const written = { ...metadata, name, installed_at: new Date().toISOString() }
  await mkdir(folder, { recursive: true })
  const unfinished = join(folder, `.metadata-${crypto.randomUUID()}`)
  await writeFile(unfinished, `${JSON.stringify(written, undefined, 2)}\n`)
  await rename(unfinished, join(folder, 'metadata.json'))
}

/** Removes a backend together with the one it stands for, and with those that stand for it. */
export async function removeFolder(backendsPath: string, name: string): Promise<void> {
  const all = await listFolders(backendsPath)
  const found = all.find((backend) => backend.name === name)
  if (found === undefined) throw new AppError('backend.not-found', `backend "${name.slice(0, 100)}" not found`)
  const concrete = found.meta_backend_for ?? found.name
  const going = all.filter((backend) => backend.name === concrete || backend.meta_backend_for === concrete)
  for (const { path } of [...going, found]) await removeTree(path)
}

/** Some archives keep everything in one folder of their own: then that folder is the backend. */
export async function unwrapSingleFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  const [only] = entries
  if (entries.length !== 1 || only?.isDirectory() !== true) return
  const wrapped = join(folder, `.wrapped-${crypto.randomUUID()}`)
  await rename(join(folder, only.name), wrapped)
  for (const name of await readdir(wrapped)) await rename(join(wrapped, name), join(folder, name))
  await rm(wrapped, { recursive: true })
}

async function checkRunFile(folder: string, name: string): Promise<void> {
  const path = join(folder, 'run.sh')
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) {
    throw new AppError('download.failed', `not a valid backend: run file not found "${name}/run.sh"`)
  }
  await chmod(path, found.mode | 0o500)
}

async function readFolder(path: string, folderName: string): Promise<InstalledBackend | undefined> {
  const run = await stat(join(path, 'run.sh')).catch(() => undefined)
  const file = join(path, 'metadata.json')
  const size = (await stat(file).catch(() => undefined))?.size
  if (run?.isFile() !== true && size === undefined) return undefined
  if (size === undefined || size > MAX_METADATA_BYTES) return { name: folderName, path }
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (!isObject(value)) return { name: folderName, path }
    return {
      name: folderName,
      path,
      ...optionalText('alias', value['alias']),
      ...optionalText('uri', value['uri']),
      ...optionalText('version', value['version']),
      ...optionalText('gallery_url', value['gallery_url']),
      ...optionalText('meta_backend_for', value['meta_backend_for']),
      ...optionalText('installed_at', value['installed_at']),
    }
  } catch {
    return { name: folderName, path }
  }
}
