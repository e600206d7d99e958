import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { FetchOptions } from '../download/fetch-file.ts'
import { checkSize } from '../download/guard.ts'
import { takeLocalFile } from '../download/local-copy.ts'
import type { Brought } from '../download/partial-file.ts'
import { makeWorkFolder } from '../download/work-folder.ts'
import type { ImageStore } from './image-store.ts'
import type { ImagePart } from './manifest.ts'
import type { BlobRequest } from './registry-client.ts'

export interface ImageFile {
  /** Relative, with `/` between its parts. */
  readonly path: string
  readonly bytes: number
}

/** The regular files of an image, as long as it is not disposed of. */
export interface OpenImage extends AsyncDisposable {
  readonly files: readonly ImageFile[]
  /** Puts a file of the list at `<target>.partial`. */
  take(file: ImageFile, request: BlobRequest, options: FetchOptions): Promise<Brought>
  /** A small text of the list. Throws `download.refused` when it has more than `maxBytes`. */
  text(file: ImageFile, maxBytes: number, options: AbortOptions): Promise<string>
}

type NamedPart = ImagePart & { readonly name: string }

/** Files that are blobs of their own: each is fetched when it is taken. */
export function openNamedFiles(store: ImageStore, parts: readonly NamedPart[], what: string): OpenImage {
  const blobs = new Map(parts.map(({ name, blob }) => [name, blob]))
  if (blobs.size < parts.length) throw new AppError('download.refused', `${what} has two files of one name`)
  const blobOf = ({ path }: ImageFile): NamedPart['blob'] => {
    const blob = blobs.get(path)
    if (blob === undefined) throw new AppError('internal', `${what} has no ${path}`)
    return blob
  }
  return {
    files: parts.map(({ name, blob }) => ({ path: name, bytes: blob.size })),
    async take(file, request, options) {
      checkSize(file.bytes, request, request.file)
      return await store.bring(blobOf(file), { ...request, maxBytes: file.bytes }, options)
    },
    async text(file, maxBytes, options) {
      checkSize(file.bytes, { maxBytes }, file.path)
      return await store.text(blobOf(file), options)
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Files that have to be unpacked: `fill` puts them into an empty folder below `parent`. */
export async function openTree(parent: string, fill: (folder: string) => Promise<void>): Promise<OpenImage> {
  await using opening = new AsyncDisposableStack()
  const work = opening.use(await makeWorkFolder(parent))
  const root = join(work.path, 'tree')
  await mkdir(root)
  await fill(root)
  const files = await listFiles(root)
  const held = opening.move()
  const placeOf = ({ path }: ImageFile): string => join(root, ...path.split('/'))
  return {
    files,
    take: async (file, { target, file: name, maxBytes }, options) =>
      await takeLocalFile({ path: placeOf(file), target, file: name, maxBytes, hash: true }, options),
    async text(file, maxBytes, { signal }) {
      checkSize(file.bytes, { maxBytes }, file.path)
      return await readFile(placeOf(file), { encoding: 'utf8', signal })
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

/** The file that is meant: one that is named, else one of the wanted name, else the only one of its kind. */
export function chooseFile(
  files: readonly ImageFile[],
  { member, name, what }: { readonly member: string | undefined; readonly name: string; readonly what: string },
): ImageFile {
  const models = files.filter(({ path }) => /\.gguf$/i.test(path))
  const [only] = models.length > 0 ? models : files
  const isOnly = models.length === 1 || files.length === 1
  const found =
    member === undefined
      ? (files.find(({ path }) => path === name) ?? (isOnly ? only : undefined))
      : files.find(({ path }) => path === member)
  if (found !== undefined) return found
  const shown = files.slice(0, 10).map(({ path }) => path)
  const wanted = member === undefined ? `no "${name}" and not just one model` : `no "${member}"`
  throw new AppError(
    'download.refused',
    `${what} has ${wanted}: it has ${shown.join(', ')}${files.length > shown.length ? ', …' : ''}`,
  )
}

/** Links are no files here: what they lead to has a name of its own. */
async function listFiles(root: string): Promise<readonly ImageFile[]> {
  const entries = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const files = []
  for (const entry of entries) {
    const place = join(entry.parentPath, entry.name)
    files.push({ path: relative(root, place).split(sep).join('/'), bytes: (await stat(place)).size })
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}
