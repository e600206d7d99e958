import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { checkRelativePath } from '../download/uri.ts'

/** What a manifest says of a blob or of another manifest (OCI image specification 1.1, descriptor.md). */
export interface Descriptor {
  /** Without parameters; empty when it is not said. */
  readonly mediaType: string
  /** SHA-256, 64 lower-case hex digits. */
  readonly sha256: string
  readonly size: number
  readonly platform?: ImagePlatform
  readonly annotations: Readonly<Record<string, string>>
}

/** In the words of Go, as images have them. */
export interface ImagePlatform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

export type Manifest =
  | { readonly kind: 'index'; readonly manifests: readonly Descriptor[] }
  | { readonly kind: 'image'; readonly layers: readonly Descriptor[] }

/** What an image is made of: a tree of files to be unpacked, or one file with a name. */
export interface ImagePart {
  readonly blob: Descriptor
  /** Relative path of a file; absent: an archive of files. */
  readonly name?: string
}

/** Registries must take manifests of this size, and none is known that is larger (Distribution specification 1.1). */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024

/** All that is asked for; a registry that has another form of the image converts it, or says that it has none. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]

/** The layer of an image for Ollama that is the model, in GGUF form. */
export const OLLAMA_MODEL = 'application/vnd.ollama.image.model'

export const MAX_LAYERS = 1000
const MAX_MANIFESTS = 1000

const TITLE = 'org.opencontainers.image.title'
const FILE_PATH = 'org.cncf.model.filepath'
const UNPACK = 'io.deis.oras.content.unpack'
const ARCHIVE = /\.tar(?:[.+](?:gzip|gz|zstd))?$/
/** The type that ORAS gives to files whose type nobody has said. */
const UNTYPED = 'application/vnd.oci.image.layer.v1.tar'
/** Layers that are a model in GGUF form but have no name. */
const UNNAMED_MODELS = [OLLAMA_MODEL, 'application/vnd.docker.ai.gguf.v3']
const UNNAMED_PROJECTORS = ['application/vnd.ollama.image.projector', 'application/vnd.docker.ai.mmproj']

/** Reads a manifest or an index in OCI's or Docker's form. Throws `download.refused`. */
export function parseManifest(text: string, what: string): Manifest {
  const value = parseJson(text, what)
  if (Array.isArray(value['manifests'])) {
    return { kind: 'index', manifests: toDescriptors(value['manifests'], { what, most: MAX_MANIFESTS }) }
  }
  if (Array.isArray(value['layers'])) {
    return { kind: 'image', layers: toDescriptors(value['layers'], { what, most: MAX_LAYERS }) }
  }
  if (Array.isArray(value['fsLayers'])) {
    throw refused(what, 'it has a manifest of the form from before 2016 (schema 1); push it again with a tool of today')
  }
  throw refused(what, 'its manifest has neither layers nor manifests')
}

/** The words of images for a machine, from Node's. */
export function platformOf(platform: string, arch: string): ImagePlatform {
  const architecture = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le', mipsel: 'mipsle' }[arch] ?? arch
  return { os: platform === 'win32' ? 'windows' : platform, architecture }
}

/**
 * The manifest of an index for a machine; of several variants of its architecture the one that every such machine can run.
 * Undefined when there is none. Attestations, which are of no platform, are never chosen.
 */
export function choosePlatform(manifests: readonly Descriptor[], machine: ImagePlatform): Descriptor | undefined {
  const fitting = images(manifests).filter(
    ({ platform }) => platform?.os === machine.os && platform.architecture === machine.architecture,
  )
  const order = VARIANTS[machine.architecture] ?? ['']
  const rank = ({ platform }: Descriptor): number => {
    const at = order.indexOf(platform?.variant ?? '')
    return at === -1 ? order.length : at
  }
  const [best] = fitting.toSorted((a, b) => rank(a) - rank(b))
  return best ?? images(manifests).find(({ platform }) => platform === undefined)
}

/** For data, which is the same for every machine. */
export function anyPlatform(manifests: readonly Descriptor[]): Descriptor | undefined {
  return images(manifests)[0]
}

/** The platforms of an index, for a message. */
export function shownPlatforms(manifests: readonly Descriptor[]): string {
  const names = images(manifests).flatMap(({ platform }) => (platform === undefined ? [] : [showPlatform(platform)]))
  return [...new Set(names)].slice(0, 20).join(', ')
}

export function showPlatform({ os, architecture, variant }: ImagePlatform): string {
  return `${os}/${architecture}${variant === undefined ? '' : `/${variant}`}`
}

/**
 * What is to be done with each layer of an image or artifact. `unnamed` is the name for a model that has none. Layers that
 * are neither archives nor named files (licences, templates, configurations of other programs) are left out. Throws
 * `download.refused` for a name that leads out of its folder.
 */
export function partsOf(layers: readonly Descriptor[], unnamed: string): readonly ImagePart[] {
  return layers.flatMap((blob): ImagePart[] => {
    const { mediaType, annotations } = blob
    const written = annotations[TITLE] ?? annotations[FILE_PATH]
    const name = written === undefined ? undefined : checkRelativePath(written, 'file of an image')
    const isPlainFile = mediaType === UNTYPED && annotations[TITLE] !== undefined && annotations[UNPACK] !== 'true'
    if (ARCHIVE.test(mediaType) && !isPlainFile) return [{ blob }]
    if (UNNAMED_MODELS.includes(mediaType)) return [{ blob, name: name ?? unnamed }]
    if (UNNAMED_PROJECTORS.includes(mediaType)) return [{ blob, name: name ?? `mmproj-${unnamed}` }]
    return name === undefined ? [] : [{ blob, name }]
  })
}

/** Best first. Newer variants may use what this machine's processor lacks, which nobody here can tell. */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  amd64: ['', 'v1'],
  arm64: ['', 'v8'],
  arm: ['v7', 'v6', ''],
}

function images(manifests: readonly Descriptor[]): readonly Descriptor[] {
  return manifests.filter(
    ({ platform, annotations }) =>
      platform?.os !== 'unknown' && annotations['vnd.docker.reference.type'] !== 'attestation-manifest',
  )
}

function toDescriptors(
  values: readonly unknown[],
  { what, most }: { readonly what: string; readonly most: number },
): readonly Descriptor[] {
  if (values.length > most) throw refused(what, `its manifest has more than ${most} entries`)
  return values.map((value) => toDescriptor(value, what))
}

function toDescriptor(value: unknown, what: string): Descriptor {
  if (!isObject(value)) throw refused(what, 'its manifest has an entry that is none')
  const { mediaType, digest, size } = value
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw refused(what, `"${String(digest).slice(0, 80)}" is no SHA-256 digest`)
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw refused(what, 'its manifest has an entry without a size')
  }
  const platform = toPlatform(value['platform'])
  return {
    mediaType: typeof mediaType === 'string' ? (mediaType.split(';')[0] ?? '').trim().toLowerCase() : '',
    sha256: digest.slice('sha256:'.length),
    size,
    annotations: toTexts(value['annotations']),
    ...(platform === undefined ? {} : { platform }),
  }
}

function toPlatform(value: unknown): ImagePlatform | undefined {
  if (!isObject(value)) return undefined
  const { os, architecture, variant } = value
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined
  return { os, architecture, ...(typeof variant === 'string' && variant !== '' ? { variant } : {}) }
}

function toTexts(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
}

function parseJson(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Said below.
  }
  throw refused(what, 'its manifest is not a JSON object')
}

function refused(what: string, reason: string): AppError {
  return new AppError('download.refused', `${what} cannot be used: ${reason}`)
}
