import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { readConfigFile } from './read-config-file.ts'

/** A model as a file of the models folder configures it. */
export interface ConfigFile {
  readonly name: string
  /** Relative to the models folder. */
  readonly file: string
  /** The model's own part, as it was read. */
  readonly raw: Readonly<Record<string, unknown>>
  /** False when the file has other models as well. */
  readonly alone: boolean
}

/** Every model that the files of the folder configure, those in lists too. Files that cannot be read have none. */
export async function listConfigFiles(modelsPath: string): Promise<readonly ConfigFile[]> {
  const names = await readdir(modelsPath).catch(() => [])
  const files = names.filter((file) => /\.ya?ml$/i.test(file) && !file.startsWith('.')).sort()
  const lists = await Promise.all(
    files.map(async (file) => {
      const models = await readConfigFile(join(modelsPath, file)).catch(() => [])
      return models.map((raw) => ({ name: nameIn(raw, file), file, raw, alone: models.length === 1 }))
    }),
  )
  return lists.flat()
}

/** Undefined when no file of the folder configures a model of that name. The last one that does counts, as when read. */
export async function findConfigFile(modelsPath: string, name: string): Promise<ConfigFile | undefined> {
  return (await listConfigFiles(modelsPath)).findLast((found) => found.name === name)
}

/** The text of a configuration file with one model. Throws `request.conflict` for one with several. */
export async function readConfigText(modelsPath: string, { file, alone }: ConfigFile): Promise<string> {
  if (!alone) throw severalModels(file)
  return await readFile(join(modelsPath, file), 'utf8')
}

export function severalModels(file: string): AppError {
  return new AppError('request.conflict', `${file} configures several models: change that file on the node itself`)
}

function nameIn(raw: Readonly<Record<string, unknown>>, file: string): string {
  const { name } = raw
  return typeof name === 'string' && name !== '' ? name : file.slice(0, -extname(file).length)
}
