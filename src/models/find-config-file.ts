import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { validateGguf } from './gguf/validate-gguf.ts'
import { fileInModels } from './model-paths.ts'
import { readConfigFile } from './read-config-file.ts'

/** A model as a file of the models folder configures it. */
export interface ConfigFile {
  /** The one under which a reading of the folder lists it. */
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
      const named = models.map(async (raw) => ({ name: await nameOf(raw, file, modelsPath), raw }))
      return (await Promise.all(named)).map((model) => ({ ...model, file, alone: models.length === 1 }))
    }),
  )
  return lists.flat()
}

/** Undefined when no file of the folder configures a model of that name. The last one that does counts, as when read. */
export async function findConfigFile(modelsPath: string, name: string): Promise<ConfigFile | undefined> {
  const all = await listConfigFiles(modelsPath)
  const byFile = ({ file, raw }: ConfigFile): boolean => writtenName(raw) === undefined && stemOf(file) === name
  return all.findLast((found) => found.name === name) ?? all.findLast(byFile)
}

/** The text of a configuration file with one model. Throws `request.conflict` for one with several. */
export async function readConfigText(modelsPath: string, { file, alone }: ConfigFile): Promise<string> {
  if (!alone) throw severalModels(file)
  return await readFile(join(modelsPath, file), 'utf8')
}

export function severalModels(file: string): AppError {
  return new AppError('request.conflict', `${file} configures several models: change that file on the node itself`)
}

/** By its key, else by its model's file, else by its own. */
async function nameOf(raw: ConfigFile['raw'], file: string, modelsPath: string): Promise<string> {
  const written = writtenName(raw)
  if (written !== undefined) return written
  const stem = stemOf(file)
  const model = isObject(raw['parameters']) ? raw['parameters']['model'] : undefined
  try {
    return (await validateGguf(await fileInModels(modelsPath, String(model || stem)))).name ?? stem
  } catch {
    return stem
  }
}

/** YAML reads some names as numbers. */
function writtenName({ name }: ConfigFile['raw']): string | undefined {
  return name && typeof name !== 'object' ? String(name) : undefined
}

function stemOf(file: string): string {
  return file.slice(0, -extname(file).length)
}
