import { randomBytes } from 'node:crypto'
import { lstat, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { filesToRemove, type KeptFile, type Retention } from './retention.ts'

export type ContentKind = 'image' | 'audio' | 'video'

/** A place for one file; whether one is there is up to whoever writes it. */
export interface ContentFile {
  /** `<kind>_<home>_<random>.<ending>`: unguessable, and tells the node that has it. */
  readonly name: string
  readonly path: string
}

/** A file that is there for the length of one request. */
export interface UploadedFile extends AsyncDisposable {
  readonly path: string
}

/**
 * Where backends write what they make, and read what a request brought. What cannot be written is
 * `content.storage-failed`.
 */
export interface ContentStore {
  newFile(kind: ContentKind, ending: string): Promise<ContentFile>
  /** The folder of the files of a kind; it may not be there yet. */
  folderOf(kind: ContentKind): string
  keepUpload(bytes: Uint8Array | string, ending: string): Promise<UploadedFile>
}

export interface ContentStoreDeps {
  readonly log: Pick<Logger, 'debug' | 'warn'>
  /** Makes a folder and those above it. */
  readonly makeFolder: (path: string) => Promise<void>
  /** This node in the names of its files (`homeOf`); asked when a name is made. */
  readonly home: () => string
  readonly now?: () => number
}

export interface ContentStoreInit {
  readonly contentPath: string
  readonly uploadPath: string
  readonly retention: Retention
  /** Between two looks for files that are too old or too many. */
  readonly sweepIntervalMs: number
}

const FOLDERS: Readonly<Record<ContentKind, string>> = { image: 'images', audio: 'audio', video: 'videos' }
const KINDS = Object.keys(FOLDERS) as readonly ContentKind[]
const NAME = /^(?:image|audio|video)_[0-9a-f]{10}_[0-9a-f]{32}\.[a-z0-9]{1,8}$/

const UPLOAD = /^upload_[0-9a-f]{32}\./
const LONGEST_REQUEST_MS = 24 * 3_600_000

/** Whether a file can be one of ours, which is all that is ever served or removed. */
export function isContentName(name: string): boolean {
  return NAME.test(name)
}

/** Files are kept for a while and then removed, also those that an earlier run of the node has left. */
export function createContentStore(
  { log, makeFolder, home, now = Date.now }: ContentStoreDeps,
  init: ContentStoreInit,
): ContentStore & Startable {
  let timer: NodeJS.Timeout | undefined
  let sweeping = Promise.resolve()
  const folderOf = (kind: ContentKind): string => join(init.contentPath, FOLDERS[kind])

  async function sweep(): Promise<void> {
    const made = KINDS.map((kind) => listFiles(folderOf(kind), isContentName))
    const tooOld = filesToRemove((await Promise.all(made)).flat(), init.retention, now())
    // A node that was killed could not remove what came with its requests.
    const uploads = await listFiles(init.uploadPath, (name) => UPLOAD.test(name))
    const doomed = [...tooOld, ...uploads.filter(({ writtenMs }) => now() - writtenMs > LONGEST_REQUEST_MS)]
    for (const { path } of doomed) await rm(path, { force: true })
    if (doomed.length > 0) log.debug({ files: doomed.length }, 'generated files removed')
  }

  function sweepSoon(): void {
    sweeping = sweeping
      .then(sweep)
      .catch((error: unknown) => log.warn({ err: error }, 'generated files could not be removed'))
  }

  async function prepared<T>(folder: string, work: () => Promise<T>): Promise<T> {
    try {
      await makeFolder(folder)
      return await work()
    } catch (error) {
      throw new AppError('content.storage-failed', `nothing can be written to ${folder}`, { cause: error })
    }
  }

  return {
    folderOf,
    async newFile(kind, ending) {
      const folder = folderOf(kind)
      const name = `${kind}_${home()}_${randomBytes(16).toString('hex')}.${ending}`
      return await prepared(folder, async () => ({ name, path: join(folder, name) }))
    },
    async keepUpload(bytes, ending) {
      const path = join(init.uploadPath, `upload_${randomBytes(16).toString('hex')}.${ending}`)
      await prepared(init.uploadPath, async () => {
        await writeFile(path, bytes, { flag: 'wx', mode: 0o600 }).catch(async (error: unknown) => {
          // What is there of it would keep the disk full.
          await rm(path, { force: true }).catch(() => {})
          throw error
        })
      })
      return { path, [Symbol.asyncDispose]: async () => await rm(path, { force: true }) }
    },
    async start({ signal } = {}) {
      signal?.throwIfAborted()
      sweepSoon()
      timer = setInterval(sweepSoon, init.sweepIntervalMs)
      timer.unref()
    },
    async stop() {
      clearInterval(timer)
      await sweeping
    },
  }
}

async function listFiles(folder: string, isOurs: (name: string) => boolean): Promise<readonly KeptFile[]> {
  const names = await readdir(folder).catch(() => [])
  const files = await Promise.all(
    names.filter(isOurs).map(async (name) => {
      const path = join(folder, name)
      // Another node with the same folder may have removed it.
      const found = await lstat(path).catch(() => undefined)
      return found?.isFile() === true ? [{ path, bytes: found.size, writtenMs: found.mtimeMs }] : []
    }),
  )
  return files.flat()
}
