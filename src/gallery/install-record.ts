import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { isObject } from '../base/json.ts'
import { readYaml } from './bounded-yaml.ts'

/** `._gallery_<name>.yaml`: where an installed model is from and which files belong to it. */
export interface InstallRecord {
  readonly name: string
  readonly reference: string
  readonly files: readonly InstalledFile[]
}

export interface InstalledFile {
  readonly filename: string
  /** The source that was used. */
  readonly uri: string
  readonly sha256?: string
}

/** A model of that name as the folder has it. */
export interface ExistingModel {
  /** `parameters.model` of its YAML. */
  readonly model?: string
  readonly record?: InstallRecord
}

const PREFIX = '._gallery_'
const MAX_BYTES = 1024 * 1024
const MAX_RECORDS = 5000

export async function writeRecord(modelsPath: string, record: InstallRecord): Promise<void> {
  const path = recordPath(modelsPath, record.name)
  const unfinished = `${path}.new`
  try {
    await writeFile(unfinished, stringify(record))
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

export async function removeRecord(modelsPath: string, name: string): Promise<void> {
  await rm(recordPath(modelsPath, name), { force: true })
}

/** Undefined when this program has not installed the model. */
export async function readRecord(modelsPath: string, name: string): Promise<InstallRecord | undefined> {
  return toRecord(await readMap(recordPath(modelsPath, name)))
}

/** The record of what was installed from a place, under a name when one is said. */
export async function findRecord(
  modelsPath: string,
  { reference, name }: { readonly reference: string; readonly name?: string },
): Promise<InstallRecord | undefined> {
  for (const record of await allRecords(modelsPath)) {
    if (record.reference === reference && (name === undefined || record.name === name)) return record
  }
  return undefined
}

/** The record follows a model that gets another name. */
export async function renameRecord(modelsPath: string, from: string, to: string): Promise<void> {
  const record = await readRecord(modelsPath, from)
  if (record === undefined) return
  await writeRecord(modelsPath, { ...record, name: to })
  await removeRecord(modelsPath, from)
}

export function configPath(modelsPath: string, name: string): string {
  return join(modelsPath, `${name}.yaml`)
}

/** Undefined when there is no `<name>.yaml`. */
export async function readExisting(modelsPath: string, name: string): Promise<ExistingModel | undefined> {
  const config = await readMap(configPath(modelsPath, name))
  if (config === undefined) return undefined
  const parameters = config['parameters']
  const model = isObject(parameters) && typeof parameters['model'] === 'string' ? { model: parameters['model'] } : {}
  const record = toRecord(await readMap(recordPath(modelsPath, name)))
  return { ...model, ...(record === undefined ? {} : { record }) }
}

export interface RecordedFile extends InstalledFile {
  /** The model that it was installed for. */
  readonly model: string
}

/** Where a file in the folder came from, when this program put it there; one for each model that it was installed for. */
export async function recordsOf(modelsPath: string, filename: string): Promise<readonly RecordedFile[]> {
  return (await allRecords(modelsPath)).flatMap(({ name, files }) =>
    files.filter((file) => file.filename === filename).map((file) => ({ ...file, model: name })),
  )
}

async function allRecords(modelsPath: string): Promise<readonly InstallRecord[]> {
  const names = await readdir(modelsPath).catch(() => [])
  const records = []
  for (const name of names.filter((candidate) => candidate.startsWith(PREFIX)).slice(0, MAX_RECORDS)) {
    records.push(toRecord(await readMap(join(modelsPath, name))))
  }
  return records.filter((record) => record !== undefined)
}

function recordPath(modelsPath: string, name: string): string {
  return join(modelsPath, `${PREFIX}${name}.yaml`)
}

/** Undefined for what is missing; a file that is there but cannot be read counts as an empty map. */
async function readMap(path: string): Promise<Record<string, unknown> | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return undefined
  if (!found.isFile() || found.size > MAX_BYTES) return {}
  try {
    const value = readYaml(await readFile(path, 'utf8'), path, MAX_BYTES)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

function toRecord(value: Record<string, unknown> | undefined): InstallRecord | undefined {
  if (typeof value?.['name'] !== 'string' || typeof value['reference'] !== 'string') return undefined
  const files = Array.isArray(value['files']) ? value['files'].flatMap(toInstalledFile) : []
  return { name: value['name'], reference: value['reference'], files }
}

function toInstalledFile(value: unknown): InstalledFile[] {
  if (!isObject(value) || typeof value['filename'] !== 'string' || typeof value['uri'] !== 'string') return []
  const sum = typeof value['sha256'] === 'string' ? { sha256: value['sha256'] } : {}
  return [{ filename: value['filename'], uri: value['uri'], ...sum }]
}
