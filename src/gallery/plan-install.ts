import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { distance } from 'fastest-levenshtein'
import { AppError } from '../base/errors.ts'
import { fileInModels } from '../models/model-paths.ts'
import { boundedCopy, mergeConfig } from './bounded-yaml.ts'
import type { Catalog } from './catalog.ts'
import { parseInstallConfig } from './config-text.ts'
import type { HttpClient } from './download/http-client.ts'
import type { OnProgress } from './download/progress.ts'
import {
  describeUri,
  fileNameOf,
  isImage,
  isLocalPlace,
  looksLikeUri,
  type ModelUri,
  parseModelUri,
  pathOf,
} from './download/uri.ts'
import {
  type Draft,
  finishPlan,
  type GivenConfig,
  type InstallPlan,
  insideFolder,
  type PlanOptions,
  refuseForNetwork,
} from './finish-plan.ts'
import { type BaseConfig, type GalleryEntry, MAX_CONFIG_BYTES, parseBaseConfig, toFiles } from './gallery-entry.ts'
import { chooseFiles, listRepository, parseRepository, type Repository } from './hub-repository.ts'
import { isLocalGallery } from './index-reader.ts'
import type { Images } from './oci/create-images.ts'
import { planImage } from './plan-image.ts'
import { readTextFrom } from './remote-text.ts'

export interface PlannerDeps {
  readonly catalog: Catalog
  readonly http: HttpClient
  readonly images: Pick<Images, 'open'>
}

export interface PlannerInit {
  readonly modelsPath: string
  readonly hubEndpoint: string
}

/** `onProgress` tells of an image that has to be unpacked before anybody knows what is in it. */
export type Planner = (
  reference: string | GivenConfig,
  options: PlanOptions,
  onProgress?: OnProgress,
) => Promise<InstallPlan>

/**
 * Reads a reference in this order: gallery name, repository of the hub, URI or path; a YAML file is a configuration, all
 * else a model. What the options say comes on top.
 */
export function createPlanner(deps: PlannerDeps, init: PlannerInit): Planner {
  async function draft(...[reference, options, onProgress]: Parameters<Planner>): Promise<Draft> {
    if (typeof reference !== 'string') return planGiven(reference, options)
    const text = reference.trim()
    const local = looksLikeUri(text) ? undefined : await localFile(text, init.modelsPath, options)
    if (!looksLikeUri(text)) {
      const entry = await deps.catalog.find(text, options)
      if (entry !== undefined) return await planEntry(deps, init, { entry, options })
      if (local === undefined) throw await unknownModel(deps.catalog, text, options)
    }
    const repository = parseRepository(text)
    if (repository !== undefined) return await planRepository(deps, init, { repository, options })
    const uri = absolute(local === undefined ? parseModelUri(text) : { kind: 'file', path: local })
    return await draftOf(uri, options, onProgress)
  }

  async function draftOf(uri: ModelUri, options: PlanOptions, onProgress?: OnProgress): Promise<Draft> {
    if (options.overNetwork === true) {
      refuseForNetwork(uri, init.modelsPath)
      // A link in the folder may lead out of it.
      if (isLocalPlace(uri)) await fileInModels(init.modelsPath, insideFolder(init.modelsPath, uri.path) ?? '')
    }
    if (isImage(uri)) {
      const isWhole = uri.kind !== 'ollama' && uri.member === undefined
      if (isWhole) return await planImage(deps, init, { uri, options, ...(onProgress && { onProgress }) })
      return await planModelFile(init, uri, options)
    }
    const path = pathOf(uri)
    const isConfig = /\.ya?ml$/i.test(path) || (options.expectsConfig === true && !/\.gguf$/i.test(path))
    if (isConfig) return await planConfigFile(deps, init, { uri, options })
    return await planModelFile(init, uri, options)
  }

  return async (reference, options, onProgress) => {
    await using planning = new AsyncDisposableStack()
    const drafted = await draft(reference, options, onProgress)
    planning.use(drafted.held)
    const plan = finishPlan(drafted, init.modelsPath, options)
    return drafted.held === undefined ? plan : { ...plan, held: planning.move() }
  }
}

function planGiven({ config }: GivenConfig, options: PlanOptions): Draft {
  const what = 'the configuration'
  const copy = boundedCopy(config, what) as Record<string, unknown>
  const name = options.name ?? copy['name']
  if (typeof name !== 'string' || name.trim() === '') throw new AppError('model.config-invalid', 'Name is required')
  const digest = createHash('sha256').update(JSON.stringify(copy)).digest('hex').slice(0, 16)
  const files = toFiles(copy['download_files'], what)
  return { name, reference: `configuration:${digest}`, config: copy, files, allowLocal: false, fromGallery: false }
}

async function planRepository(
  { http }: PlannerDeps,
  { hubEndpoint }: PlannerInit,
  { repository, options }: { readonly repository: Repository; readonly options: PlanOptions },
): Promise<Draft> {
  const { owner, name, branch } = repository
  const chosen = chooseFiles(await listRepository(http, { hubEndpoint, repository }, options), options.preferences)
  if (chosen === undefined) throw new AppError('download.refused', `no importer matched for URI: ${owner}/${name}`)
  const mark = branch === 'main' ? '' : `@${branch}`
  const files = chosen.files.map(({ path, sha256 }) => ({
    filename: basename(path),
    sources: [`huggingface://${owner}/${name}/${path}${mark}`],
    ...(sha256 === undefined ? {} : { sha256 }),
  }))
  return {
    name: options.name ?? basename(chosen.model).replace(/(?:-\d{5}-of-\d{5})?\.gguf$/i, ''),
    reference: `huggingface://${owner}/${name}/${chosen.model}${mark}`,
    config: {
      backend: 'llama-cpp',
      known_usecases: ['chat'],
      options: ['use_jinja:true'],
      template: { use_tokenizer_template: true },
      parameters: { model: basename(chosen.model) },
      ...(chosen.projector === undefined ? {} : { mmproj: basename(chosen.projector) }),
    },
    files,
    allowLocal: false,
    fromGallery: false,
  }
}

async function planEntry(
  deps: PlannerDeps,
  init: PlannerInit,
  { entry, options }: { readonly entry: GalleryEntry; readonly options: PlanOptions },
): Promise<Draft> {
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
  return { name: options.name ?? entry.name, reference: entry.id, config, files, allowLocal, fromGallery: true }
}

/** Either a model configuration as it stands in the models folder, or the base file of a gallery. */
async function planConfigFile(
  deps: PlannerDeps,
  init: PlannerInit,
  { uri, options }: { readonly uri: ModelUri; readonly options: PlanOptions },
): Promise<Draft> {
  const what = describeUri(uri)
  const allowLocal = uri.kind === 'file' && options.overNetwork !== true
  const source = uri.kind === 'http' ? uri.url : what
  const request = { ...init, uri: source, maxBytes: MAX_CONFIG_BYTES, allowLocal: uri.kind === 'file' }
  const text = await readTextFrom(deps.http, request, options)
  const { config, files, name: written } = parseInstallConfig(text, what)
  const name = [options.name, written].find((found) => found) ?? basename(pathOf(uri)).replace(/\.ya?ml$/i, '')
  return { name, reference: what, config, files, allowLocal, fromGallery: false }
}

async function planModelFile(init: PlannerInit, uri: ModelUri, options: PlanOptions): Promise<Draft> {
  const reference = describeUri(uri)
  const inside = uri.kind === 'file' ? insideFolder(init.modelsPath, uri.path) : undefined
  const filename = inside ?? ggufName(uri)
  const parts = splitParts(filename)
  const text = uri.kind === 'http' ? uri.url : reference
  const files =
    inside !== undefined
      ? []
      : parts.map((part) => ({ filename: part, sources: [text.replaceAll(partMark(filename), partMark(part))] }))
  // LocalAI's name of a model of Ollama's is the end of what was written, its tag included.
  const own = uri.kind === 'ollama' ? basename(reference) : basename(filename)
  const name = options.name ?? own.replace(/(?:-\d{5}-of-\d{5})?\.gguf$/i, '')
  const config = { backend: 'llama-cpp', parameters: { model: filename } }
  return { name, reference, config, files, allowLocal: isLocalPlace(uri), fromGallery: false }
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
  return isLocalPlace(uri) ? { ...uri, path: resolve(uri.path) } : uri
}

/** A bare word may be a file of the working directory or of the models folder. */
async function localFile(
  text: string,
  modelsPath: string,
  { overNetwork = false }: PlanOptions,
): Promise<string | undefined> {
  if (overNetwork) return undefined
  for (const path of [resolve(text), join(modelsPath, text)]) {
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile() === true && /\.(?:gguf|ya?ml)$/i.test(path)) return path
  }
  return undefined
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
