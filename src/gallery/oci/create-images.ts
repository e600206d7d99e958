import { basename, dirname } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { localName } from '../../models/model-paths.ts'
import type { UnpackLimits } from '../backend/unpack-backend.ts'
import type { FetchOptions } from '../download/fetch-file.ts'
import { checkSize } from '../download/guard.ts'
import type { Brought } from '../download/partial-file.ts'
import { describeUri, type ImageUri, memberOf, withoutMember } from '../download/uri.ts'
import { openImageArchive } from './image-archive.ts'
import { chooseFile, type OpenImage, openNamedFiles, openTree } from './image-files.ts'
import { type ImageStore, registryStore } from './image-store.ts'
import { createImageTree } from './image-tree.ts'
import { createLayerShelf, type HeldBlobs } from './layer-shelf.ts'
import {
  anyPlatform,
  choosePlatform,
  type Descriptor,
  type ImagePart,
  type ImagePlatform,
  OLLAMA_MODEL,
  parseManifest,
  partsOf,
  shownPlatforms,
  showPlatform,
} from './manifest.ts'
import type { RegistryClient } from './registry-client.ts'

export interface ImageFileRequest {
  readonly uri: ImageUri
  /** The file ends up at `<target>.partial`. */
  readonly target: string
  /** Name to report progress under. */
  readonly file: string
  readonly maxBytes: number
}

export interface UnpackRequest {
  readonly uri: ImageUri
  /** An empty folder; what is in it when this fails has to be thrown away. */
  readonly folder: string
  /** Where layers are kept until all are there; on the same disk. */
  readonly parent: string
  readonly limits: UnpackLimits
}

/** Images and artifacts of registries and archives. Names are checked, sizes bounded, and every byte has its digest. */
export interface Images {
  /** Unpacks an image that is made for this machine. Throws `backend.unsupported` when there is none. */
  unpack(request: UnpackRequest, options: FetchOptions): Promise<void>
  /** The files of an image, until it is disposed of. Whoever asks meanwhile gets the same ones. */
  open(uri: ImageUri, request: { readonly parent: string }, options: FetchOptions): Promise<OpenImage>
  /** One file of an image: the one it names, else the one of the target's name, else its only model. */
  takeFile(request: ImageFileRequest, options: FetchOptions): Promise<Brought>
}

export interface ImagesDeps {
  readonly registry: RegistryClient
}

export interface ImagesInit {
  readonly platform: ImagePlatform
  /** Of the files of a model, together. */
  readonly maxBytes: number
}

interface Shared {
  readonly image: OpenImage
  users: number
}

/** Files of a model; backends have limits of their own. */
const MAX_FILES = 20_000
/** An index may lead to an index; nobody needs more. */
const MAX_INDEXES = 3

export function createImages({ registry }: ImagesDeps, init: ImagesInit): Images {
  const shelf = createLayerShelf()
  const modelLimits = { maxBytes: init.maxBytes, maxEntries: MAX_FILES }
  const shared = new Map<string, Shared>()

  async function storeOf(uri: ImageUri, place: Place, options: AbortOptions): Promise<ImageStore> {
    if (uri.kind !== 'ocifile') return registryStore(registry, uri.image)
    return await openImageArchive({ ...place, path: uri.path }, options)
  }

  function chooseManifest(manifests: readonly Descriptor[], what: string, options: PartOptions): Descriptor {
    const fitting = choosePlatform(manifests, init.platform)
    const chosen = fitting ?? (options.isData === true ? anyPlatform(manifests) : undefined)
    if (chosen !== undefined) return chosen
    const has = shownPlatforms(manifests) || 'nothing'
    throw new AppError('backend.unsupported', `${what} is not made for ${showPlatform(init.platform)}: it has ${has}`)
  }

  async function partsIn(store: ImageStore, uri: ImageUri, options: PartOptions): Promise<readonly ImagePart[]> {
    const what = describeUri(uri)
    let manifest = parseManifest(await store.manifest(undefined, options), what)
    for (let depth = 0; manifest.kind === 'index'; depth += 1) {
      if (depth === MAX_INDEXES) throw new AppError('download.refused', `${what} is too deep an index`)
      const chosen = chooseManifest(manifest.manifests, what, options)
      manifest = parseManifest(await store.manifest(chosen, options), what)
    }
    const layers = uri.kind === 'ollama' ? manifest.layers.filter(isOllamaModel).slice(0, 1) : manifest.layers
    const parts = partsOf(layers, localName(describeUri(withoutMember(uri))))
    if (parts.length > 0) return parts
    const lack = uri.kind === 'ollama' ? 'no model in GGUF form' : 'no files in it'
    throw new AppError('download.refused', `${what} has ${lack}`)
  }

  async function fill(store: ImageStore, parts: readonly ImagePart[], request: FillRequest): Promise<void> {
    const { folder, parent, limits, what, options } = request
    const blobs = parts.map(({ blob }) => blob)
    checkSize(
      blobs.reduce((sum, { size }) => sum + size, 0),
      limits,
      what,
    )
    await using held: HeldBlobs = await shelf.bring(store, { parent, blobs, what }, options)
    try {
      const tree = createImageTree(folder, limits)
      for (const { blob, name } of parts) {
        if (name === undefined) await tree.addLayer(held.pathOf(blob), options)
        else await tree.addFile(name, held.pathOf(blob))
      }
      await tree.checkLinks()
    } catch (error) {
      // The next attempt would find the same in them.
      if (error instanceof AppError && error.code === 'download.refused') await held.discard()
      throw error
    }
    await held.discard()
  }

  /** What has names is fetched file by file; what is packed has to be unpacked before anybody knows what is in it. */
  async function openFresh(uri: ImageUri, parent: string, options: FetchOptions): Promise<OpenImage> {
    await using opening = new AsyncDisposableStack()
    const store = opening.use(await storeOf(uri, { parent, limits: modelLimits }, options))
    const parts = await partsIn(store, uri, { ...options, isData: true })
    const what = describeUri(uri)
    const image = parts.every(isNamed)
      ? openNamedFiles(store, parts, what)
      : await openTree(parent, (folder) => fill(store, parts, { folder, parent, limits: modelLimits, what, options }))
    opening.use(image)
    const held = opening.move()
    return { ...image, [Symbol.asyncDispose]: () => held.disposeAsync() }
  }

  const open: Images['open'] = async (uri, { parent }, options) => {
    const key = describeUri(withoutMember(uri))
    const held = shared.get(key) ?? { image: await openFresh(withoutMember(uri), parent, options), users: 0 }
    if (!shared.has(key)) shared.set(key, held)
    held.users += 1
    return {
      ...held.image,
      async [Symbol.asyncDispose]() {
        held.users -= 1
        if (held.users > 0) return
        if (shared.get(key) === held) shared.delete(key)
        await held.image[Symbol.asyncDispose]()
      },
    }
  }

  return {
    open,
    async unpack({ uri, folder, parent, limits }, options) {
      await using store = await storeOf(uri, { parent, limits }, options)
      const parts = await partsIn(store, uri, options)
      await fill(store, parts, { folder, parent, limits, what: describeUri(uri), options })
    },
    async takeFile({ uri, target, file, maxBytes }, options) {
      await using image = await open(uri, { parent: dirname(target) }, options)
      const chosen = chooseFile(image.files, { member: memberOf(uri), name: basename(target), what: describeUri(uri) })
      return await image.take(chosen, { target, file, maxBytes }, options)
    },
  }
}

interface Place {
  readonly parent: string
  readonly limits: UnpackLimits
}

type PartOptions = AbortOptions & {
  /** The same for every machine, so that the image of another one will do. */
  readonly isData?: boolean
}

interface FillRequest extends Place {
  readonly folder: string
  readonly what: string
  readonly options: FetchOptions
}

function isNamed(part: ImagePart): part is ImagePart & { readonly name: string } {
  return part.name !== undefined
}

function isOllamaModel({ mediaType }: { readonly mediaType: string }): boolean {
  return mediaType === OLLAMA_MODEL
}
