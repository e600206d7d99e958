import { isAbsolute, relative, resolve, sep } from 'node:path'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { AbortOptions } from '../base/signals.ts'
import { parseModelFile } from '../models/config-schema.ts'
import { installedName } from '../models/model-name.ts'
import { refuseCommands } from '../models/refuse-commands.ts'
import { boundedCopy, mergeConfig } from './bounded-yaml.ts'
import {
  checkRelativePath,
  fileNameOf,
  isLocalPlace,
  looksLikeUri,
  type ModelUri,
  parseModelUri,
} from './download/uri.ts'
import { type GalleryFile, toFiles } from './gallery-entry.ts'
import type { RepositoryPreferences } from './hub-repository.ts'

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
  /** Whoever asks has said what the YAML shall contain, so a YAML that is there already from the same place is replaced. */
  readonly replacesConfig: boolean
  /** What the sources of the files need until they are fetched; whoever has the plan disposes of it. */
  readonly held?: AsyncDisposable
}

export interface PlanOptions extends AbortOptions {
  readonly name?: string
  /**
   * The request came over the network: files of this machine are taken from the models folder only, no package client is
   * started, and no configuration may bring commands.
   */
  readonly overNetwork?: boolean
  /** Merged over the configuration, winning over everything. */
  readonly overrides?: Readonly<Record<string, unknown>>
  /** More files to fetch, written as galleries do; of the same name as one of the model, in place of it. */
  readonly files?: readonly unknown[]
  /** A URL is that of a configuration unless it ends in `.gguf`, whatever its ending. */
  readonly expectsConfig?: boolean
  /** Only the YAML is written; the files are somebody else's business. */
  readonly configOnly?: boolean
  /** Which file of a repository to take. */
  readonly preferences?: RepositoryPreferences
}

/** A configuration that is given instead of a place where it can be found. */
export interface GivenConfig {
  readonly config: Readonly<Record<string, unknown>>
}

/** A plan before what the request adds to it. */
export interface Draft extends Omit<InstallPlan, 'replacesConfig'> {
  /** Named by a gallery, and so by the operator's choice, not by whoever asks. */
  readonly fromGallery: boolean
}

/** What the request adds, the checks, and: a model that is itself named by a URI becomes one more file to fetch. */
export function finishPlan(draft: Draft, modelsPath: string, options: PlanOptions): InstallPlan {
  const { overrides, overNetwork = false } = options
  const name = installedName(draft.name.trim())
  const given = overrides === undefined ? {} : (boundedCopy(overrides, 'overrides') as Record<string, unknown>)
  const config = { ...mergeConfig(draft.config, given), name }
  // What would be refused when it is written is refused before gigabytes are fetched for it.
  parseModelFile(config)
  if (overNetwork || !draft.allowLocal) refuseCommands(config)
  const files = toFiles(options.files, 'files')
  const plan = {
    ...withModelFile({ ...draft, name, config, files: dedupe([...draft.files, ...files]) }),
    replacesConfig: overrides !== undefined || draft.reference.startsWith('configuration:'),
  }
  const asked = [...files.flatMap(({ sources }) => sources), ...modelSource(given)]
  const all = plan.files.flatMap(({ sources }) => sources)
  if (overNetwork) {
    for (const source of draft.fromGallery ? asked : all) refuseForNetwork(parseModelUri(source), modelsPath)
  }
  return options.configOnly === true ? { ...plan, files: [] } : plan
}

/** `parameters.model` when it is a URI. */
function modelSource({ parameters }: Readonly<Record<string, unknown>>): readonly string[] {
  const model = isObject(parameters) ? parameters['model'] : undefined
  return typeof model === 'string' && looksLikeUri(model) && !isAbsolute(model) ? [model] : []
}

function withModelFile(draft: Draft): Draft {
  const parameters = isObject(draft.config['parameters']) ? draft.config['parameters'] : {}
  const [model] = modelSource(draft.config)
  if (model === undefined) {
    const path = parameters['model']
    if (typeof path === 'string' && path !== '') checkRelativePath(path, 'parameters.model')
    return draft
  }
  const filename = fileNameOf(parseModelUri(model))
  const known = draft.files.some((file) => file.filename === filename)
  return {
    ...draft,
    config: { ...draft.config, parameters: { ...parameters, model: filename } },
    files: known ? draft.files : [...draft.files, { filename, sources: [model] }],
  }
}

/** What whoever sends a request may not name as a source. */
export function refuseForNetwork(uri: ModelUri, modelsPath: string): void {
  if (uri.kind === 'npm' || uri.kind === 'pypi') {
    throw new AppError(
      'download.refused',
      'packages are installed with `local-ai models install`, not over the network',
    )
  }
  if (isLocalPlace(uri) && insideFolder(modelsPath, resolve(uri.path)) === undefined) {
    throw new AppError('download.refused', 'files of this machine cannot be installed over the network')
  }
}

/** A later mention of a file (the entry's own) replaces an earlier one (its base configuration's). */
function dedupe(files: readonly GalleryFile[]): readonly GalleryFile[] {
  return [...new Map(files.map((file) => [file.filename, file])).values()]
}

/** The path from the folder, with `/` between its parts; undefined for what is not below it. */
export function insideFolder(folder: string, path: string): string | undefined {
  const inside = relative(resolve(folder), path)
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? undefined : inside.split(sep).join('/')
}
