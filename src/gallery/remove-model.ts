import { readdir, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, normalize } from 'node:path'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { AbortOptions } from '../base/signals.ts'
import { findConfigFile, listConfigFiles, severalModels } from '../models/find-config-file.ts'
import { fileInModels, localName } from '../models/model-paths.ts'
import { readConfigFile } from '../models/read-config-file.ts'
import type { Logger } from '../telemetry/logger.ts'
import { isLocked } from './download/target-lock.ts'
import { readRecord, removeRecord } from './install-record.ts'
import { isConfigurationName } from './stage-file.ts'

/** Takes a model out of the models folder: its files unless another model uses them, its record, and its YAML at last. */
export interface ModelRemover {
  /** Throws `request.not-found`, or `request.conflict` when its file has other models as well. */
  check(name: string): Promise<void>
  remove(name: string, options?: AbortOptions): Promise<void>
}

export interface ModelRemoverDeps {
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly registry?: { reload(): Promise<void> }
  /** Lets a model that is in memory go. */
  readonly unload?: (model: string, options: AbortOptions) => Promise<unknown>
}

/** What there is to remove; a bare model file has no YAML. */
interface Target {
  readonly name: string
  /** The name in its record. */
  readonly record: string
  readonly yaml?: string
  /** As the configuration names them, which may be in any spelling. */
  readonly files: readonly string[]
}

export interface ModelRemoverInit {
  readonly modelsPath: string
  /** Its models use files of the folder, too. */
  readonly modelsConfigFile?: string | undefined
}

const MAX_FILES = 1000
const STAYS = 'a file of a removed model stays'

export function createModelRemover(
  deps: ModelRemoverDeps,
  { modelsPath, modelsConfigFile }: ModelRemoverInit,
): ModelRemover {
  const { log } = deps

  /** What the configurations of all models but one name, under `name` a file as well where they name no other. */
  async function usedByOthers(removed: string): Promise<readonly string[]> {
    const others = (await listConfigFiles(modelsPath)).filter(({ name }) => name !== removed)
    const listed = modelsConfigFile === undefined ? [] : await readConfigFile(modelsConfigFile).catch(() => [])
    return [...others.flatMap(({ name, raw }) => [name, ...textsIn(raw)]), ...textsIn(listed)].map(fileName)
  }

  async function find(asked: string): Promise<Target> {
    // LocalAI's galleries have slashes in names, what it writes does not; what somebody wrote by hand may.
    const name = asked.replaceAll('/', '__')
    const found = (await findConfigFile(modelsPath, asked)) ?? (await findConfigFile(modelsPath, name))
    if (found?.alone === false) throw severalModels(found.file)
    const record = await readRecord(modelsPath, name)
    const recorded = (record?.files ?? []).map(({ filename }) => filename)
    if (found !== undefined)
      return { name: found.name, record: name, yaml: found.file, files: [...filesOf(found.raw), ...recorded] }
    const bare = [name, `${name}.gguf`].filter((file) => /^[^.].*\.gguf$/i.test(file))
    const names = new Set(await readdir(modelsPath).catch(() => []))
    const file = bare.find((candidate) => names.has(candidate))
    if (file !== undefined) return { name: file, record: file, files: [file] }
    throw new AppError('request.not-found', `model "${asked.slice(0, 200)}" is not installed`)
  }

  /** Somebody who installs a model may have found the file there, and count on it. */
  async function isFree(file: string): Promise<boolean> {
    try {
      return !(await isLocked(await fileInModels(modelsPath, file)))
    } catch (error) {
      log.warn({ file, err: error }, STAYS)
      return false
    }
  }

  async function removeFile(file: string): Promise<void> {
    try {
      const path = await fileInModels(modelsPath, file)
      // A link goes, what it leads to stays; a folder is nothing that one model owns.
      await rm(path, { force: true })
      await Promise.all(['.partial', '.partial.json'].map((ending) => rm(`${path}${ending}`, { force: true })))
      for (let folder = dirname(path); folder.startsWith(join(modelsPath, '/')); folder = dirname(folder)) {
        await rmdir(folder)
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOTEMPTY' || code === 'ENOENT') return
      log.warn({ file, err: error }, STAYS)
    }
  }

  return {
    async check(name) {
      await find(name)
    },
    async remove(asked, options = {}) {
      const target = await find(asked)
      await deps.unload?.(target.name, options)
      options.signal?.throwIfAborted()
      const named = target.files.map(fileName).filter((file) => !isConfigurationName(file))
      const free: string[] = []
      for (const file of await withParts(modelsPath, named)) if (await isFree(file)) free.push(file)
      const used = new Set(await withParts(modelsPath, await usedByOthers(target.name)))
      for (const file of free.filter((candidate) => !used.has(candidate)).slice(0, MAX_FILES)) await removeFile(file)
      await removeRecord(modelsPath, target.record)
      if (target.yaml !== undefined) await rm(join(modelsPath, target.yaml), { force: true })
      log.info({ model: target.name }, 'model removed')
      await deps.registry?.reload()
      // A request that waited for it to leave memory has loaded it again; only now does nobody find it any more.
      await deps.unload?.(target.name, options)
    },
  }
}

/** Names in the models folder of what a configuration uses. */
function filesOf(raw: Readonly<Record<string, unknown>>): readonly string[] {
  const { parameters, mmproj, lora_adapter: adapter, lora_adapters: adapters, download_files: downloads } = raw
  const named = [
    isObject(parameters) ? parameters['model'] : undefined,
    mmproj,
    adapter,
    ...(Array.isArray(adapters) ? adapters : []),
    ...(Array.isArray(downloads) ? downloads.map((file) => (isObject(file) ? file['filename'] : undefined)) : []),
  ]
  return named.filter((file): file is string => typeof file === 'string' && file !== '')
}

/**
 * Every text may be the name of a file that is used: of a draft model, an encoder, or the value of an option. An alias may
 * lead back to what it stands in, so nothing is looked at twice.
 */
function textsIn(value: unknown, seen = new Set<unknown>()): readonly string[] {
  if (typeof value === 'string') return [value, value.slice(value.indexOf(':') + 1)]
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  return Object.values(value).flatMap((inner) => textsIn(inner, seen))
}

/** One spelling for each file. */
function fileName(configured: string): string {
  return normalize(localName(configured))
}

/** With the other parts of models that are in several files. */
async function withParts(modelsPath: string, files: readonly string[]): Promise<readonly string[]> {
  const all = new Set(files)
  for (const file of files) {
    const stem = /^(.*)-\d{5}-of-\d{5}\.gguf$/i.exec(basename(file))?.[1]
    if (stem === undefined) continue
    const folder = dirname(file)
    const names = await fileInModels(modelsPath, file)
      .then((path) => readdir(dirname(path)))
      .catch(() => [])
    for (const name of names) {
      if (name.startsWith(`${stem}-`) && /-\d{5}-of-\d{5}\.gguf$/i.test(name)) all.add(join(folder, name))
    }
  }
  return [...all]
}
