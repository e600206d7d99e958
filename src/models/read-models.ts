import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { type ModelFile, parseModelFile } from './config-schema.ts'
import type { ModelDefaults } from './defaults.ts'
import { splitPlace } from './gguf/split-files.ts'
import type { GgufSummary } from './gguf/summarize-gguf.ts'
import type { GgufSummaries } from './gguf-summaries.ts'
import { keyWarnings } from './key-warnings.ts'
import { type ModelAlias, resolveAliases } from './model-aliases.ts'
import type { ModelConfig } from './model-config.ts'
import { checkedName } from './model-name.ts'
import { fileInModels, refuseOutsidePath } from './model-paths.ts'
import type { ListedModel } from './model-registry.ts'
import { readConfigFile } from './read-config-file.ts'
import { readTemplates } from './read-templates.ts'
import { toModelConfig } from './to-model-config.ts'

/** A model that the node brings itself. */
export interface BuiltinModel {
  readonly name: string
  readonly file: string
  /** Says what it can do when all it does is to show that the node works. */
  readonly demonstration?: string
}

export interface ModelSources extends ModelDefaults {
  readonly modelsPath: string
  readonly modelsConfigFile?: string
  readonly builtin?: readonly BuiltinModel[]
}

export interface ReadModelsDeps {
  readonly summaries: GgufSummaries
  /** Called for everything that is wrong with a file or a key; says the same thing only once. */
  readonly warn: (facts: { readonly file: string; readonly key?: string; readonly reason: string }) => void
  /** What is wrong with the templates and patterns of a model, in sentences; absent: nobody looks. */
  readonly check?: (config: ModelConfig) => readonly string[]
}

/** One reading of the models folder. */
export interface ModelSnapshot {
  readonly listed: readonly ListedModel[]
  /** By every name that a request may use. */
  readonly byName: ReadonlyMap<string, ModelConfig>
}

interface Found extends Pick<ListedModel, 'source'> {
  readonly config: ModelConfig
  readonly created: number
}

/** Reads all configurations and model files. Whatever is wrong with one of them, the others are there. */
export async function readModels(deps: ReadModelsDeps, sources: ModelSources): Promise<ModelSnapshot> {
  const files = await filesOf(deps, sources.modelsPath)
  const { models, aliases } = await readConfigured(deps, sources, files)
  const configured = [...models.values()]
  const listed: ListedModel[] = configured.map((found) => ({ id: found.config.name, ...found }))
  const byName = new Map(configured.map(({ config }) => [config.name, config]))
  const owners = new Map(configured.map(({ config }) => [config.modelFile, config]))
  for (const file of files.filter(isModelFile)) {
    const owner = owners.get(join(sources.modelsPath, file))
    const bare = owner === undefined ? await readBare(deps, sources, file) : undefined
    if (bare?.isSound === true) listed.push({ id: file, config: bare.config, created: bare.created, source: 'file' })
    const config = owner ?? bare?.config
    if (config !== undefined) addNames(byName, [file, basename(file, extname(file))], config)
  }
  for (const builtin of sources.builtin ?? []) {
    const found = byName.has(builtin.name) ? undefined : await readBuiltin(deps, sources, builtin)
    if (found === undefined) continue
    listed.push(found)
    byName.set(builtin.name, found.config)
  }
  const { resolved, problems } = resolveAliases(aliases, byName)
  for (const problem of problems) deps.warn(problem)
  for (const { name, config } of resolved) byName.set(name, config)
  deps.summaries.sweep()
  const shown = [
    ...listed.filter(({ id }) => !resolved.some(({ name }) => name === id)),
    ...resolved.map(({ name, config, created }) => ({ id: name, config, created })),
  ]
  return { listed: shown.filter(({ config }) => config.disabled !== true), byName }
}

/** A name that is taken stays with who has it. */
function addNames(byName: Map<string, ModelConfig>, names: readonly string[], config: ModelConfig): void {
  for (const name of names) if (!byName.has(name)) byName.set(name, config)
}

/** Names in the models folder, in alphabetical order; hidden ones are not for us. */
async function filesOf({ warn }: ReadModelsDeps, modelsPath: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(modelsPath, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() || entry.name.startsWith('.') ? [] : [entry.name])).sort()
  } catch (error) {
    warn({ file: modelsPath, reason: AppError.from(error, 'internal').message })
    return []
  }
}

/** A model file of its own, or the first part of one. */
function isModelFile(file: string): boolean {
  return /\.gguf$/i.test(file) && (splitPlace(file)?.number ?? 1) === 1
}

interface Configured {
  readonly models: Map<string, Found>
  readonly aliases: Map<string, ModelAlias>
}

/** By name, in the order of the files; a later configuration replaces an earlier one of the same name. */
async function readConfigured(
  deps: ReadModelsDeps,
  sources: ModelSources,
  files: readonly string[],
): Promise<Configured> {
  const paths = files.filter((file) => /\.ya?ml$/i.test(file)).map((file) => join(sources.modelsPath, file))
  if (sources.modelsConfigFile !== undefined) paths.push(sources.modelsConfigFile)
  const configured: Configured = { models: new Map(), aliases: new Map() }
  for (const path of paths) {
    const file = basename(path)
    try {
      for (const raw of await readConfigFile(path)) {
        await readEntry(deps, sources, { configured, entry: { raw, path } }).catch((error: unknown) =>
          warnOf(deps, file, error),
        )
      }
    } catch (error) {
      warnOf(deps, file, error)
    }
  }
  return configured
}

async function readEntry(
  deps: ReadModelsDeps,
  sources: ModelSources,
  { configured: { models, aliases }, entry }: { readonly configured: Configured; readonly entry: ConfigEntry },
): Promise<void> {
  const { alias, name } = parseModelFile(entry.raw)
  const pointer = alias === undefined || alias === '' ? undefined : await readAlias(entry, String(alias), name)
  const found = pointer === undefined ? await readModel(deps, sources, entry) : undefined
  const known = pointer?.name ?? found?.config.name ?? ''
  // Deleted first: a replaced name takes the place of the later one in the list.
  models.delete(known)
  aliases.delete(known)
  if (found !== undefined) models.set(known, found)
  if (pointer !== undefined) aliases.set(known, pointer)
}

async function readAlias({ path }: ConfigEntry, target: string, name: ModelFile['name']): Promise<ModelAlias> {
  return {
    name: checkedName(String(name || basename(path, extname(path)))),
    target,
    file: basename(path),
    created: (await changedAt(path)) ?? 0,
  }
}

function warnOf({ warn }: ReadModelsDeps, file: string, error: unknown): void {
  warn({ file, reason: AppError.from(error, 'model.config-invalid').message })
}

interface ConfigEntry {
  readonly raw: Record<string, unknown>
  /** The file it stands in. */
  readonly path: string
}

async function readModel(deps: ReadModelsDeps, sources: ModelSources, { raw, path }: ConfigEntry): Promise<Found> {
  const { modelsPath } = sources
  const file = parseModelFile(raw)
  for (const { filename } of file.download_files ?? []) refuseOutsidePath(String(filename))
  const stem = basename(path, extname(path))
  const modelFile = await fileInModels(modelsPath, String(file.parameters?.model || file.name || stem))
  const gguf = sources.guessing === false ? undefined : await summaryOf(deps, modelFile)
  const templates = await readTemplates(modelsPath, file)
  const name = checkedName(String(file.name || gguf?.name || stem))
  const config = toModelConfig(
    file,
    { name, modelFile, raw, templates, ...(gguf && { gguf }), ...(await besides(modelsPath, file)) },
    sources,
  )
  // Only now is it known to be a model whose keys matter.
  for (const { key, sentence } of keyWarnings(raw))
    deps.warn({ file: basename(path), key, reason: `"${key}" ${sentence}` })
  for (const reason of deps.check?.(config) ?? []) deps.warn({ file: basename(path), reason })
  const created = (await changedAt(modelFile)) ?? (await changedAt(path)) ?? 0
  return { config, created, ...(dirname(path) === modelsPath ? { source: 'configuration' } : {}) }
}

/** Undefined for a file that is not there, broken (then it is said), or of another format. */
async function summaryOf({ summaries, warn }: ReadModelsDeps, modelFile: string): Promise<GgufSummary | undefined> {
  const state = await summaries.of(modelFile)
  if (state === undefined) return undefined
  if ('summary' in state) return state.summary
  if (/\.gguf$/i.test(modelFile)) warn({ file: basename(modelFile), reason: state.problem })
  return undefined
}

/** The other files a model is made of. */
async function besides(
  modelsPath: string,
  file: ModelFile,
): Promise<{ readonly mmproj?: string; readonly loraAdapters: readonly string[] }> {
  const adapters = file.lora_adapters ?? [file.lora_adapter ?? '']
  const names = adapters.map(String).filter((name) => name !== '')
  const loraAdapters = await Promise.all(names.map((name) => fileInModels(modelsPath, name)))
  if (file.mmproj === undefined || file.mmproj === '') return { loraAdapters }
  return { mmproj: await fileInModels(modelsPath, String(file.mmproj)), loraAdapters }
}

/** A file with no configuration: all defaults, under its own name. */
async function readBare(
  deps: ReadModelsDeps,
  sources: ModelSources,
  file: string,
): Promise<Found & { readonly isSound: boolean }> {
  const modelFile = join(sources.modelsPath, file)
  const gguf = await summaryOf(deps, modelFile)
  const config = bareConfig(file, { modelFile, ...(gguf && { gguf }) }, sources)
  return { config, created: (await changedAt(modelFile)) ?? 0, isSound: gguf?.kind === 'model' }
}

async function readBuiltin(
  deps: ReadModelsDeps,
  sources: ModelSources,
  builtin: BuiltinModel,
): Promise<ListedModel | undefined> {
  const state = await deps.summaries.of(builtin.file)
  if (state === undefined || 'problem' in state) {
    deps.warn({ file: basename(builtin.file), reason: state?.problem ?? 'the file is not there' })
    return undefined
  }
  const { name, file, demonstration } = builtin
  const config = bareConfig(name, { modelFile: file, gguf: state.summary }, sources)
  const created = (await changedAt(file)) ?? 0
  return { id: name, config, created, ...(demonstration === undefined ? {} : { demonstration }) }
}

function bareConfig(
  name: string,
  files: { readonly modelFile: string; readonly gguf?: GgufSummary },
  defaults: ModelDefaults,
): ModelConfig {
  // There is nothing else that could say it.
  const guessing = { ...defaults, guessing: true }
  return toModelConfig({ parameters: { model: basename(files.modelFile) } }, { name, ...files }, guessing)
}

/** Unix seconds. */
async function changedAt(file: string): Promise<number | undefined> {
  const info = await stat(file).catch(() => undefined)
  return info === undefined ? undefined : Math.floor(info.mtimeMs / 1000)
}
