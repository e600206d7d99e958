import { createHash } from 'node:crypto'
import { readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { type UnpackLimits, unpackTar } from '../backend/unpack-backend.ts'
import { takeLocalFile } from '../download/local-copy.ts'
import { checksumMismatch, discardPartial, hashFile } from '../download/partial-file.ts'
import { makeWorkFolder } from '../download/work-folder.ts'
import type { ImageStore } from './image-store.ts'
import { type Descriptor, MAX_LAYERS, MAX_MANIFEST_BYTES } from './manifest.ts'

export interface ImageArchiveRequest {
  /** A tar archive, compressed or not. */
  readonly path: string
  /** Where it is unpacked while it is open. */
  readonly parent: string
  readonly limits: UnpackLimits
}

/**
 * An image in a file: an OCI image layout (OCI image specification 1.1, image-layout.md), as `docker save` and
 * `local-ai util create-oci-image` write it, or the older form with a manifest.json alone. Throws `download.failed` and
 * `download.refused`.
 */
export async function openImageArchive(
  { path, parent, limits }: ImageArchiveRequest,
  options: AbortOptions,
): Promise<ImageStore> {
  if ((await stat(path).catch(() => undefined))?.isFile() !== true) {
    throw new AppError('download.failed', `there is no file ${path}`)
  }
  await using opening = new AsyncDisposableStack()
  const work = opening.use(await makeWorkFolder(parent))
  await unpackTar(path, work.path, { ...options, limits })
  const inside = (name: string): Promise<string> => fileInside(work.path, name)
  /** Of the older form: where the layers are, by what they are. */
  const layers = new Map<string, string>()
  const pathOf = (blob: Descriptor): string => layers.get(blob.sha256) ?? `blobs/sha256/${blob.sha256}`
  const text = async (name: string): Promise<string> => await readText(await inside(name))
  const verifiedText = async (blob: Descriptor): Promise<string> => {
    const found = await text(pathOf(blob))
    const actual = createHash('sha256').update(found).digest('hex')
    if (actual !== blob.sha256) throw checksumMismatch(pathOf(blob), blob.sha256, actual)
    return found
  }
  const root = await text('index.json').catch(async (error: unknown) => {
    const older = await text('manifest.json').catch(() => {
      throw error
    })
    return await fromOlderForm(older, async (name) => {
      const { sha256, size } = await describeFile(await inside(name), options)
      layers.set(sha256, name)
      return { digest: `sha256:${sha256}`, size }
    })
  })
  const held = opening.move()
  return {
    manifest: async (of) => (of === undefined ? root : await verifiedText(of)),
    text: verifiedText,
    async bring(blob, { target, file, maxBytes }, fetchOptions) {
      const request = { path: await inside(pathOf(blob)), target, file, maxBytes, hash: true }
      const done = await takeLocalFile(request, fetchOptions)
      if (done.sha256 === blob.sha256) return done
      await discardPartial(target)
      throw checksumMismatch(file, blob.sha256, done.sha256 ?? 'nothing')
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

type FileFacts = { readonly digest: string; readonly size: number }

/** The same as a manifest in today's form. Layers are tar archives, which tell themselves whether they are compressed. */
async function fromOlderForm(text: string, describe: (name: string) => Promise<FileFacts>): Promise<string> {
  const known = new Map<string, FileFacts>()
  const layers = []
  for (const name of layerNames(text)) {
    const facts = known.get(name) ?? (await describe(name))
    known.set(name, facts)
    layers.push({ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...facts })
  }
  return JSON.stringify({ schemaVersion: 2, layers })
}

/** Of the first image of the archive. */
function layerNames(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text)
    const first: unknown = Array.isArray(value) ? value[0] : undefined
    const names: unknown = isObject(first) ? first['Layers'] : undefined
    if (Array.isArray(names)) return names.filter((name) => typeof name === 'string').slice(0, MAX_LAYERS)
  } catch {
    // Said below.
  }
  throw new AppError('download.refused', 'the manifest.json of the archive names no layers')
}

async function describeFile(
  path: string,
  options: AbortOptions,
): Promise<{ readonly sha256: string; readonly size: number }> {
  const { size } = await stat(path)
  return { sha256: (await hashFile(path, options)).digest('hex'), size }
}

/** Links of an archive may lead anywhere, so what counts is where a name really leads. */
async function fileInside(folder: string, name: string): Promise<string> {
  const path = await realpath(join(folder, name)).catch(() => undefined)
  const isInside = path?.startsWith(`${await realpath(folder)}${sep}`) === true
  if (path !== undefined && isInside && (await stat(path)).isFile()) return path
  throw new AppError(
    'download.failed',
    `the archive has no ${name.slice(0, 200)}: is it an image, as "docker save" or "skopeo copy" write it?`,
  )
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size <= MAX_MANIFEST_BYTES) return await readFile(path, 'utf8')
  throw new AppError('download.refused', `a manifest of the archive is larger than ${MAX_MANIFEST_BYTES} bytes`)
}
