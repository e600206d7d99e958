import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import { parseModelFile } from '../models/config-schema.ts'
import { findConfigFile, listConfigFiles, readConfigText, severalModels } from '../models/find-config-file.ts'
import { installedName } from '../models/model-name.ts'
import { refuseOutsidePath } from '../models/model-paths.ts'
import { refuseCommands } from '../models/refuse-commands.ts'
import type { RawConfig, SentConfig } from '../models/sent-config.ts'
import { toModelConfig } from '../models/to-model-config.ts'
import { writeModelConfig } from '../models/write-model-config.ts'
import { renameRecord } from './install-record.ts'

export interface WrittenConfig {
  readonly name: string
  /** Name of the file in the models folder. */
  readonly filename: string
}

/** Reads and writes the YAML of models. Whatever it writes is valid, and there whole or not at all. */
export interface ConfigEditor {
  /** Undefined when no file of the folder configures it. */
  read(name: string): Promise<RawConfig | undefined>
  /** The YAML as it stands in its file. Throws `request.conflict` when the file has other models as well. */
  text(name: string): Promise<string | undefined>
  /** Adds a model; one of that name is replaced. Throws `request.conflict` when its file has other models. */
  add(sent: SentConfig): Promise<WrittenConfig>
  /**
   * Replaces a model, whose name may change. Throws `request.not-found`; for a new name that is taken, `request.conflict`;
   * `request.outdated` when `expects` says no to the text that would be replaced.
   */
  replace(name: string, sent: SentConfig, options?: ReplaceOptions): Promise<WrittenConfig>
  /** Reads the models folder again. */
  reload(): Promise<void>
}

export interface ReplaceOptions extends AbortOptions {
  /** Default: whatever is there may be replaced. */
  readonly expects?: ((text: string) => boolean) | undefined
}

export interface ConfigEditorDeps {
  readonly registry: { reload(): Promise<void> }
  /** Lets a model that is in memory go after its running requests. */
  readonly unload: (model: string, options: AbortOptions) => Promise<unknown>
}

export function createConfigEditor(
  { registry, unload }: ConfigEditorDeps,
  { modelsPath }: { readonly modelsPath: string },
): ConfigEditor {
  async function write(sent: SentConfig, name: string): Promise<WrittenConfig> {
    const file = `${name}.yaml`
    const there = (await listConfigFiles(modelsPath)).filter((found) => found.file === file)
    const other = there.find((found) => found.name !== name)
    if (other !== undefined) throw new AppError('request.conflict', `${file} configures the model "${other.name}"`)
    const path = await writeModelConfig(modelsPath, { ...sent.config, name }, sent.text)
    return { name, filename: basename(path) }
  }

  /** One change after the other: none is made over what another is about to replace. */
  let last: Promise<unknown> = Promise.resolve()
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(work)
    last = mine.catch(() => {})
    return mine
  }

  async function writeNew(sent: SentConfig): Promise<WrittenConfig> {
    const name = checkSent(sent)
    const found = await findConfigFile(modelsPath, name)
    if (found?.alone === false) throw severalModels(found.file)
    refuseCommands(sent.config, found?.raw)
    const written = await write(sent, name)
    if (found !== undefined && found.file !== written.filename) await rm(join(modelsPath, found.file))
    return written
  }

  async function writeOver(name: string, sent: SentConfig, { expects }: ReplaceOptions): Promise<WrittenConfig> {
    const found = await findConfigFile(modelsPath, name)
    if (found === undefined) throw new AppError('request.not-found', `model configuration not found: ${name}`)
    if (!found.alone) throw severalModels(found.file)
    if (expects?.(await readConfigText(modelsPath, found)) === false) {
      throw new AppError('request.outdated', 'the configuration is another now: read it again before changing it')
    }
    const newName = checkSent(sent)
    if (newName !== name && (await isTaken(modelsPath, newName))) {
      throw new AppError('request.conflict', `a model named "${newName}" is there already`)
    }
    refuseCommands(sent.config, found.raw)
    const written = await write(sent, newName)
    if (found.file !== written.filename) await rm(join(modelsPath, found.file), { force: true })
    if (newName !== name) await renameRecord(modelsPath, name, newName)
    return written
  }

  return {
    async read(name) {
      return (await findConfigFile(modelsPath, name))?.raw
    },
    async text(name) {
      const found = await findConfigFile(modelsPath, name)
      return found === undefined ? undefined : await readConfigText(modelsPath, found)
    },
    async add(sent) {
      const written = await alone(() => writeNew(sent))
      await registry.reload()
      return written
    },
    async replace(name, sent, options = {}) {
      const written = await alone(() => writeOver(name, sent, options))
      await unload(name, options)
      await registry.reload()
      // A request that waited for it to leave memory has loaded it again under the name that nobody finds any more.
      if (written.name !== name) await unload(name, options)
      return written
    },
    reload: () => registry.reload(),
  }
}

/** The name of a model that may be written. Throws `request.invalid` in LocalAI's words. */
function checkSent({ config }: SentConfig): string {
  const { name } = config
  if (typeof name !== 'string' || name.trim() === '') throw new AppError('request.invalid', 'Name is required')
  try {
    if (name.includes('/') || installedName(name) !== name) throw new AppError('request.invalid', 'the name has a "/"')
    const file = parseModelFile(config)
    const { parameters, mmproj, download_files: downloads } = file
    for (const path of [parameters?.model, mmproj, ...(downloads ?? []).map(({ filename }) => filename)]) {
      if (path !== undefined) trusted(String(path))
    }
    // What the registry would leave out is not written either.
    toModelConfig(file, { name, modelFile: name }, {})
  } catch (error) {
    const { message } = AppError.from(error, 'request.invalid')
    const known = message.startsWith('Model path not trusted')
    throw new AppError('request.invalid', known ? message : `Invalid configuration: ${message}`, { cause: error })
  }
  return name
}

function trusted(path: string): void {
  try {
    refuseOutsidePath(path)
  } catch (error) {
    throw new AppError('request.invalid', `Model path not trusted: ${path.slice(0, 200)}`, { cause: error })
  }
}

async function isTaken(modelsPath: string, name: string): Promise<boolean> {
  if ((await findConfigFile(modelsPath, name)) !== undefined) return true
  return (await readdir(modelsPath)).includes(`${name}.yaml`)
}
