import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { refuseCommands } from '../models/refuse-commands.ts'
import { parseInstallConfig } from './config-text.ts'
import type { OnProgress } from './download/progress.ts'
import {
  checkRelativePath,
  describeUri,
  type ImageUri,
  isLocalPlace,
  looksLikeUri,
  parseModelUri,
  withMember,
} from './download/uri.ts'
import { type Draft, type PlanOptions, refuseForNetwork } from './finish-plan.ts'
import { type GalleryFile, MAX_CONFIG_BYTES } from './gallery-entry.ts'
import { chooseFiles } from './hub-repository.ts'
import { findRecord, readExisting } from './install-record.ts'
import type { Images } from './oci/create-images.ts'
import type { ImageFile, OpenImage } from './oci/image-files.ts'

export interface ImagePlanDeps {
  readonly images: Pick<Images, 'open'>
}

export interface ImagePlanRequest {
  readonly uri: Exclude<ImageUri, { kind: 'ollama' }>
  readonly options: PlanOptions
  readonly onProgress?: OnProgress
}

const MAX_FILES = 256

/**
 * Plans the install of an image: of what its configuration says when it has one at its top, else of its model in GGUF form.
 * An image that is installed already is not fetched again. Throws `download.refused` for what is neither.
 */
export async function planImage(
  { images }: ImagePlanDeps,
  { modelsPath }: { readonly modelsPath: string },
  { uri, options, onProgress }: ImagePlanRequest,
): Promise<Draft> {
  const asks = options.overrides !== undefined || options.files !== undefined
  const installed = asks ? undefined : await installedDraft(modelsPath, uri, options)
  if (installed !== undefined) return installed
  const { signal } = options
  const fetchOptions = {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  }
  await using opening = new AsyncDisposableStack()
  const image = opening.use(await images.open(uri, { parent: modelsPath }, fetchOptions))
  const files = image.files.filter(({ path }) => !path.startsWith('.'))
  const [config, ...more] = files.filter(({ path }) => /^[^/]+\.ya?ml$/i.test(path))
  if (more.length > 0) throw new AppError('download.refused', `${describeUri(uri)} has more than one configuration`)
  const draft =
    config === undefined
      ? draftOfModel(uri, files, options)
      : await draftOfConfig(image, { uri, files, config, modelsPath, options })
  return { ...draft, held: opening.move() }
}

type DraftOfImage = Omit<Draft, 'held'>

async function draftOfConfig(
  image: OpenImage,
  request: Omit<ImagePlanRequest, 'onProgress'> & {
    readonly files: readonly ImageFile[]
    readonly config: ImageFile
    readonly modelsPath: string
  },
): Promise<DraftOfImage> {
  const { uri, files, config: file, modelsPath, options } = request
  const what = describeUri(withMember(uri, file.path))
  const { config, files: named, name } = parseInstallConfig(await image.text(file, MAX_CONFIG_BYTES, options), what)
  // Whoever made the image is a stranger, however it got here.
  refuseCommands(config)
  for (const source of [...named.flatMap(({ sources }) => sources), ...modelSource(config)]) {
    refuseForNetwork(parseModelUri(source), modelsPath)
  }
  return {
    name: options.name ?? name ?? basename(file.path).replace(/\.ya?ml$/i, ''),
    reference: describeUri(uri),
    config,
    files: [
      ...named,
      ...toGalleryFiles(
        uri,
        files.filter(({ path }) => path !== file.path),
      ),
    ],
    allowLocal: isLocalPlace(uri),
    fromGallery: false,
  }
}

function draftOfModel(uri: ImagePlanRequest['uri'], files: readonly ImageFile[], options: PlanOptions): DraftOfImage {
  const chosen = chooseFiles(files, options.preferences)
  if (chosen === undefined) {
    const shown = files.slice(0, 10).map(({ path }) => path)
    const has = shown.length === 0 ? 'no files' : shown.join(', ')
    throw new AppError(
      'download.refused',
      `${describeUri(uri)} has neither a configuration nor a model in GGUF form: it has ${has}`,
    )
  }
  return {
    name: options.name ?? imageName(uri),
    reference: describeUri(uri),
    config: {
      backend: 'llama-cpp',
      parameters: { model: basename(chosen.model) },
      ...(chosen.projector === undefined ? {} : { mmproj: basename(chosen.projector) }),
    },
    files: chosen.files.map(({ path }) => ({
      filename: checkRelativePath(basename(path), 'file of an image'),
      sources: [describeUri(withMember(uri, path))],
    })),
    allowLocal: isLocalPlace(uri),
    fromGallery: false,
  }
}

/** LocalAI's name for it: the end of what was written. */
function imageName(uri: ImagePlanRequest['uri']): string {
  if (uri.kind === 'ocifile') return basename(uri.path).replace(/\.(?:tar\.gz|tgz|tar)$/i, '')
  const { repository, tag } = uri.image
  return `${basename(repository)}${tag === undefined ? '' : `:${tag}`}`
}

function toGalleryFiles(uri: ImageUri, files: readonly ImageFile[]): readonly GalleryFile[] {
  if (files.length > MAX_FILES) {
    throw new AppError('download.refused', `${describeUri(uri)} has more than ${MAX_FILES} files: it is no model`)
  }
  return files.map(({ path }) => ({
    filename: checkRelativePath(path, 'file of an image'),
    sources: [describeUri(withMember(uri, path))],
  }))
}

/** The plan of a model that is there, files and all; it asks for nothing. */
async function installedDraft(
  modelsPath: string,
  uri: ImagePlanRequest['uri'],
  { name }: PlanOptions,
): Promise<DraftOfImage | undefined> {
  const record = await findRecord(modelsPath, { reference: describeUri(uri), ...(name === undefined ? {} : { name }) })
  const existing = record === undefined ? undefined : await readExisting(modelsPath, record.name)
  if (record === undefined || existing === undefined) return undefined
  for (const { filename } of record.files) {
    const found = await stat(join(modelsPath, filename)).catch(() => undefined)
    if (found?.isFile() !== true) return undefined
  }
  return {
    name: record.name,
    reference: record.reference,
    config: existing.model === undefined ? {} : { parameters: { model: existing.model } },
    files: record.files.map(({ filename, uri: source }) => ({ filename, sources: [source] })),
    allowLocal: isLocalPlace(uri),
    fromGallery: false,
  }
}

function modelSource({ parameters }: Readonly<Record<string, unknown>>): readonly string[] {
  const model = isObject(parameters) ? parameters['model'] : undefined
  return typeof model === 'string' && looksLikeUri(model) ? [model] : []
}
