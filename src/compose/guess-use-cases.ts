import { stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { Values } from '../config/setting.ts'
import type { useCaseSettings } from '../config/tool-settings.ts'
import { parseModelFile } from '../models/config-schema.ts'
import { createGgufSummaries } from '../models/gguf-summaries.ts'
import { fileInModels } from '../models/model-paths.ts'
import { readConfigFile } from '../models/read-config-file.ts'
import { type ModelSources, readModels } from '../models/read-models.ts'
import { toModelConfig } from '../models/to-model-config.ts'

export interface GuessedUseCases {
  readonly model: string
  readonly useCases: readonly string[]
}

type Settings = Values<typeof useCaseSettings>

/**
 * What the models of a configuration can do: `config` is the name of a model of the models folder, or a YAML file.
 * Throws `model.not-found`, and `model.config-invalid` with what is wrong with the file.
 */
export async function guessUseCases(config: string, settings: Settings): Promise<readonly GuessedUseCases[]> {
  const isFile = /\.ya?ml$/i.test(config) && (await stat(config).catch(() => undefined))?.isFile() === true
  return isFile ? await ofFile(config, settings) : [await ofModel(config, settings)]
}

async function ofFile(path: string, { modelsPath }: Settings): Promise<readonly GuessedUseCases[]> {
  const summaries = createGgufSummaries()
  const stem = basename(path, extname(path))
  const guessed: GuessedUseCases[] = []
  for (const raw of await readConfigFile(path)) {
    const file = parseModelFile(raw)
    const name = String(file.name || stem)
    const wanted = String(file.parameters?.model || name)
    const modelFile = await fileInModels(modelsPath, wanted).catch(() => join(modelsPath, basename(wanted)))
    const state = await summaries.of(modelFile)
    const gguf = state !== undefined && 'summary' in state ? state.summary : undefined
    const { knownUseCases } = toModelConfig(file, { name, modelFile, raw, ...(gguf && { gguf }) }, {})
    guessed.push({ model: name, useCases: knownUseCases })
  }
  return guessed
}

async function ofModel(name: string, { modelsPath, modelsConfigFile }: Settings): Promise<GuessedUseCases> {
  const problems: string[] = []
  const warn = ({ file, reason }: { readonly file: string; readonly reason: string }): void => {
    problems.push(`${file}: ${reason}`)
  }
  const sources: ModelSources = { modelsPath, ...(modelsConfigFile === undefined ? {} : { modelsConfigFile }) }
  const found = (await readModels({ summaries: createGgufSummaries(), warn }, sources)).byName.get(name)
  if (found !== undefined) return { model: found.name, useCases: found.knownUseCases }
  throw new AppError('model.not-found', [`there is no model "${name}" in ${modelsPath}`, ...problems].join('; '))
}
