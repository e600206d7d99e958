import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { lstat, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, parse, relative, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { create } from 'tar'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'

export interface OciImageInit {
  /** Files and folders. Each gets its base name in the image; the content of `folder/.` is at the root. */
  readonly inputs: readonly string[]
  /** The archive; it appears when it is complete. */
  readonly output: string
  /** `name` or `name:tag`. */
  readonly imageName: string
  /** `os/architecture`. */
  readonly platform: string
}

export interface WrittenImage {
  readonly output: string
  readonly sizeBytes: number
  /** Of the manifest: `sha256:…`. */
  readonly digest: string
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const

/**
 * Writes an image of one layer as an OCI image layout in a tar archive (OCI image specification 1.1, image-layout.md),
 * with the manifest.json that older container tools look for. Nothing stays behind when it fails.
 */
export async function writeOciImage(init: OciImageInit, options: AbortOptions = {}): Promise<WrittenImage> {
  const [os, architecture] = parsePlatform(init.platform)
  const name = parseImageName(init.imageName)
  await checkInputs(init.inputs)
  const output = resolve(init.output)
  const folder = await mkdtemp(join(dirname(output), '.oci-image-')).catch((error: unknown) => {
    throw new AppError('content.storage-failed', `${output} cannot be written`, { cause: error })
  })
  try {
    await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true })
    const layer = await writeLayer(folder, init.inputs, options)
    const rootfs = { type: 'layers', diff_ids: [layer.digest] }
    const config = await writeBlob(folder, MEDIA.config, { architecture, os, config: {}, rootfs })
    const manifest = await writeBlob(folder, MEDIA.manifest, {
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config,
      layers: [layer],
    })
    await writeJson(join(folder, 'oci-layout'), { imageLayoutVersion: '1.0.0' })
    await writeJson(join(folder, 'index.json'), {
      schemaVersion: 2,
      mediaType: MEDIA.index,
      manifests: [{ ...manifest, platform: { architecture, os }, annotations: { [REF_NAME]: name } }],
    })
    await writeJson(join(folder, 'manifest.json'), [
      { Config: blobPath(config), RepoTags: [name], Layers: [blobPath(layer)] },
    ])
    const partial = join(folder, 'image.tar')
    const parts = ['oci-layout', 'index.json', 'manifest.json', 'blobs']
    await pipeline(create({ cwd: folder, portable: true }, parts), createWriteStream(partial), options)
    const { size } = await stat(partial)
    await rename(partial, output)
    return { output, sizeBytes: size, digest: manifest.digest }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const REF_NAME = 'org.opencontainers.image.ref.name'

function parsePlatform(platform: string): readonly [os: string, architecture: string] {
  const [os, architecture, ...more] = platform.split('/')
  const isWord = (word: string | undefined): word is string => word !== undefined && /^[a-z0-9_.-]+$/i.test(word)
  if (isWord(os) && isWord(architecture) && more.length === 0) return [os, architecture]
  throw new AppError('config.invalid', `invalid platform: ${platform}`)
}

/** As the distribution specification writes names; `latest` when there is no tag. */
function parseImageName(name: string): string {
  const part = '[a-z0-9]+(?:[._-]+[a-z0-9]+)*'
  const pattern = new RegExp(
    `^(?:[a-z0-9.-]+(?::[0-9]+)?/)?${part}(?:/${part})*(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$`,
  )
  if (name.length > 255 || !pattern.test(name)) throw new AppError('config.invalid', `invalid image name: ${name}`)
  return /:[^/]*$/.test(name) ? name : `${name}:latest`
}

async function checkInputs(inputs: readonly string[]): Promise<void> {
  for (const input of inputs) {
    const found = await lstat(input).catch(() => undefined)
    if (found === undefined) throw new AppError('request.invalid', `there is no file or folder ${input}`)
  }
  for (const [index, place] of inputs.map(toPlace).entries()) {
    const other = inputs.map(toPlace).find((candidate, at) => at !== index && overlaps(place, candidate))
    if (other !== undefined) {
      throw new AppError('request.invalid', `/${place.from} and /${other.from} would have the same names in the image`)
    }
  }
}

async function writeLayer(folder: string, inputs: readonly string[], options: AbortOptions): Promise<Descriptor> {
  const places = inputs.map(toPlace)
  const archive = create(
    {
      cwd: ROOT,
      portable: true,
      onWriteEntry: (entry) => {
        entry.path = nameInImage(entry.path, places)
      },
    },
    places.map(({ from }) => from),
  )
  return await writeBlobFrom(folder, MEDIA.layer, { content: archive, options })
}

/** One input: where it is below the root of this machine, and what it is called in the image. */
interface Place {
  readonly from: string
  readonly to: string
}

const ROOT = parse(process.cwd()).root

function toPlace(input: string): Place {
  const isContent = /(^|[/\\])\.$/.test(input)
  const path = resolve(input)
  return { from: relative(ROOT, path).split(sep).join('/'), to: isContent ? '.' : basename(path) }
}

function overlaps(one: Place, other: Place): boolean {
  return one.from === other.from || one.to === other.to || one.from.startsWith(`${other.from}/`)
}

function nameInImage(path: string, places: readonly Place[]): string {
  const place = places.find(({ from }) => path === from || path.startsWith(`${from}/`))
  return place === undefined ? path : `${place.to}${path.slice(place.from.length)}`
}

async function writeBlob(folder: string, mediaType: string, content: unknown): Promise<Descriptor> {
  return await writeBlobFrom(folder, mediaType, { content: [Buffer.from(JSON.stringify(content))], options: {} })
}

/** A blob is known by the digest of what it holds, which is known at its end. */
async function writeBlobFrom(
  folder: string,
  mediaType: string,
  { content, options }: { readonly content: AsyncIterable<Buffer> | Iterable<Buffer>; readonly options: AbortOptions },
): Promise<Descriptor> {
  const partial = join(folder, 'partial')
  const hash = createHash('sha256')
  let size = 0
  async function* counted(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      size += chunk.length
      yield chunk
    }
  }
  await pipeline(content, counted, createWriteStream(partial), options)
  const descriptor = { mediaType, digest: `sha256:${hash.digest('hex')}`, size }
  await rename(partial, join(folder, blobPath(descriptor)))
  return descriptor
}

function blobPath({ digest }: Pick<Descriptor, 'digest'>): string {
  return `blobs/${digest.replace(':', '/')}`
}

async function writeJson(path: string, content: unknown): Promise<void> {
  await writeFile(path, JSON.stringify(content))
}
