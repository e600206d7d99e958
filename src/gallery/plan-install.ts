import { stat } from 'node:fs/promises'
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { distance } from 'fastest-levenshtein'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { AbortOptions } from '../base/signals.ts'
import { parseModelFile } from '../models/config-schema.ts'
import { installedName } from '../models/model-name.ts'
import { boundedCopy, mergeConfig, readYaml } from './bounded-yaml.ts'
import { type Catalog, isLocalGallery } from './catalog.ts'
import type { HttpClient } from './download/http-client.ts'
import {
  checkRelativePath,
  describeUri,
  fileNameOf,
  looksLikeUri,
  type ModelUri,
  parseModelUri,
  pathOf,
} from './download/uri.ts'
import {
  type BaseConfig,
  type GalleryEntry,
  type GalleryFile,
  MAX_CONFIG_BYTES,
  parseBaseConfig,
  toFiles,
} from './gallery-entry.ts'
import { readTextFrom } from './remote-text.ts'

/** What an install will do, decided before anything is fetched but small texts. */
export interface InstallPlan {
  readonly name: string
  /** Says where the model is from: `gallery@name` or a URI. */
  readonly reference: string
  /** The YAML to write, `name` included. */
  readonly config: Readonly<Record<string, unknown>>
  readonly files: readonly GalleryFile[]
  /** Files of this machine may be sources. */
  readonly allowLocal: boolean
}

export interface PlanOptions extends AbortOptions {
  readonly name?: string
  /** Off for requests that come over the network. */
  readonly allowLocalFiles?: boolean
}

export interface PlannerDeps {
  readonly catalog: Catalog
  readonly http: HttpClient
}

export interface PlannerInit {
  readonly modelsPath: string
  readonly hubEndpoint: string
}

export type Planner = (reference: string, options: PlanOptions) => Promise<InstallPlan>

/** Reads a reference in this order: gallery name, URI or path; a YAML file is a configuration, all else a model. */
export function createPlanner(deps: PlannerDeps, init: PlannerInit): Planner {
  return async (reference, options) => {
    const text = reference.trim()
    const local = looksLikeUri(text) ? undefined : await localFile(text, init.modelsPath)
    if (!looksLikeUri(text)) {
      const entry = await deps.catalog.find(text, options)
      if (entry !== undefined) return await planEntry(deps, init, { entry, options })
      if (local === undefined) throw await unknownModel(deps.catalog, text, options)
    }
    const uri = absolute(local === undefined ? parseModelUri(text) : { kind: 'file', path: local })
    if (uri.kind === 'file' && options.allowLocalFiles === false) {
      throw new AppError('download.refused', 'files of this machine cannot be installed over the network')
    }
    if (/\.ya?ml$/i.test(pathOf(uri))) return await planConfigFile(deps, init, { uri, options })
    return await planModelFile(init, uri, options)
  }
}

async function planEntry(
  deps: PlannerDeps,
  init: PlannerInit,
  { entry, options }: { readonly entry: GalleryEntry; readonly options: PlanOptions },
): Promise<InstallPlan> {
  const trusted = isLocalGallery(entry.gallery)
  const { configUrl } = entry
  let base: BaseConfig = { config: {}, files: [] }
  if (configUrl !== undefined) {
    const request = { ...init, uri: configUrl, maxBytes: MAX_CONFIG_BYTES, allowLocal: trusted }
    base = parseBaseConfig(await readTextFrom(deps.http, request, options), `the base configuration of ${entry.name}`)
  }
  const config = mergeConfig(mergeConfig(base.config, entry.config), entry.overrides)
  const files = [...base.files, ...entry.files]
  const allowLocal = trusted && configUrl === undefined
  return finishPlan({ name: options.name ?? entry.name, reference: entry.id, config, files, allowLocal })
}

/** Either a model configuration as it stands in the models folder, or the base file of a gallery. */
async function planConfigFile(
  deps: PlannerDeps,
  init: PlannerInit,
  { uri, options }: { readonly uri: ModelUri; readonly options: PlanOptions },
): Promise<InstallPlan> {
  const what = describeUri(uri)
  const allowLocal = uri.kind === 'file'
  const source = uri.kind === 'http' ? uri.url : what
  const request = { ...init, uri: source, maxBytes: MAX_CONFIG_BYTES, allowLocal }
  const text = await readTextFrom(deps.http, request, options)
  const value = readYaml(text, what, MAX_CONFIG_BYTES)
  if (!isObject(value)) throw new AppError('model.config-invalid', `${what} is not the configuration of one model`)
  const isBase = 'config_file' in value || 'files' in value
  const base = isBase ? parseBaseConfig(text, what) : undefined
  const config = base?.config ?? (boundedCopy(value, what) as Record<string, unknown>)
  const files = base?.files ?? toFiles(value['download_files'], what)
  const named = [options.name, base?.name, config['name']].find((name) => typeof name === 'string' && name !== '')
  const name = typeof named === 'string' ? named : basename(pathOf(uri)).replace(/\.ya?ml$/i, '')
  return finishPlan({ name, reference: what, config, files, allowLocal })
}

async function planModelFile(init: PlannerInit, uri: ModelUri, options: PlanOptions): Promise<InstallPlan> {
  const reference = describeUri(uri)
  const inside = uri.kind === 'file' ? insideFolder(init.modelsPath, uri.path) : undefined
  const filename = inside ?? ggufName(uri)
  const parts = splitParts(filename)
  const text = uri.kind === 'http' ? uri.url : reference
  const files =
    inside !== undefined
      ? []
      : parts.map((part) => ({ filename: part, sources: [text.replaceAll(partMark(filename), partMark(part))] }))
  const name = options.name ?? basename(filename).replace(/(?:-\d{5}-of-\d{5})?\.gguf$/i, '')
  const config = { backend: 'llama-cpp', parameters: { model: filename } }
  return finishPlan({ name, reference, config, files, allowLocal: uri.kind === 'file' })
}

/** A model that is itself named by a URI becomes one more file to fetch. */
function finishPlan(plan: InstallPlan): InstallPlan {
  const name = installedName(plan.name.trim())
  // What would be refused when it is written is refused before gigabytes are fetched for it.
  parseModelFile({ ...plan.config, name })
  const parameters = isObject(plan.config['parameters']) ? plan.config['parameters'] : {}
  const { model } = parameters
  const files = dedupe(plan.files)
  if (typeof model !== 'string' || !looksLikeUri(model) || isAbsolute(model)) {
    if (typeof model === 'string' && model !== '') checkRelativePath(model, 'parameters.model')
    return { ...plan, name, files, config: { ...plan.config, name } }
  }
  const filename = fileNameOf(parseModelUri(model))
  const known = files.some((file) => file.filename === filename)
  return {
    ...plan,
    name,
    config: { ...plan.config, name, parameters: { ...parameters, model: filename } },
    files: known ? files : [...files, { filename, sources: [model] }],
  }
}

/** A later mention of a file (the entry's own) replaces an earlier one (its base configuration's). */
function dedupe(files: readonly GalleryFile[]): readonly GalleryFile[] {
  return [...new Map(files.map((file) => [file.filename, file])).values()]
}

function ggufName(uri: ModelUri): string {
  const name = fileNameOf(uri)
  if (/\.gguf$/i.test(name)) return name
  if (uri.kind === 'http' && !name.includes('.')) return `${name}.gguf`
  throw new AppError('download.refused', `only .gguf models and .yaml configurations can be installed, not "${name}"`)
}

/** All parts of a model that was cut into several files, when the first is named. */
function splitParts(filename: string): readonly string[] {
  const match = /-00001-of-(\d{5})\.gguf$/i.exec(filename)
  const count = Number(match?.[1] ?? 1)
  if (match === null || count > 256) return [filename]
  return Array.from({ length: count }, (_, index) =>
    filename.replace(/-00001-of-/, `-${String(index + 1).padStart(5, '0')}-of-`),
  )
}

function partMark(filename: string): string {
  return /-\d{5}-of-\d{5}\.gguf$/i.exec(filename)?.[0] ?? filename
}

/** The same wherever the node is started the next time. */
function absolute(uri: ModelUri): ModelUri {
  return uri.kind === 'file' ? { kind: 'file', path: resolve(uri.path) } : uri
}

/** A bare word may be a file of the working directory or of the models folder. */
async function localFile(text: string, modelsPath: string): Promise<string | undefined> {
  for (const path of [resolve(text), join(modelsPath, text)]) {
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile() === true && /\.(?:gguf|ya?ml)$/i.test(path)) return path
  }
  return undefined
}

function insideFolder(folder: string, path: string): string | undefined {
  const inside = relative(resolve(folder), path)
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? undefined : inside.split(sep).join('/')
}

async function unknownModel(catalog: Catalog, text: string, options: PlanOptions): Promise<AppError> {
  const typed = text.toLowerCase()
  const far = (name: string): number => distance(typed, name.toLowerCase().slice(0, typed.length + 1))
  const names = (await catalog.list(options)).map((entry) => entry.name)
  const nearest = names.toSorted((a, b) => far(a) - far(b)).at(0)
  const near = nearest !== undefined && far(nearest) <= typed.length / 3
  const hint = near ? `; did you mean "${nearest}"?` : '; `local-ai models list` shows what there is'
  return new AppError('model.not-found', `no gallery has a model "${text.slice(0, 200)}"${hint}`)
}
