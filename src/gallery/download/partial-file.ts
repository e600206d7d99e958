import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'

/** What is known of a half-fetched file, so that a later attempt may go on where it stopped. */
export interface PartialNote {
  /** Where the bytes came from, without the query. */
  readonly from: string
  /** Only strong validators: a weak one does not promise the same bytes. */
  readonly etag?: string
  readonly lastModified?: string
  readonly totalBytes?: number
  /** What the whole file must hash to. */
  readonly sha256?: string
}

/** A complete file at `<target>.partial`. */
export interface Brought {
  readonly bytes: number
  /** Known when it was read on the way. */
  readonly sha256?: string
  /** Some of it came from an earlier attempt. */
  readonly resumed?: boolean
}

const MAX_NOTE_BYTES = 16 * 1024

export const partialPath = (target: string): string => `${target}.partial`
const notePath = (target: string): string => `${target}.partial.json`

export async function readNote(target: string): Promise<PartialNote | undefined> {
  const text = await readFile(notePath(target), 'utf8').catch(() => undefined)
  if (text === undefined || text.length > MAX_NOTE_BYTES) return undefined
  try {
    return toNote(JSON.parse(text))
  } catch {
    return undefined
  }
}

export async function writeNote(target: string, note: PartialNote): Promise<void> {
  await writeFile(notePath(target), JSON.stringify(note))
}

/** A write to a disk that becomes full takes a part and reports success: only the one for the rest fails. */
export async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  await handle.writeFile(chunk)
}

export async function discardPartial(target: string): Promise<void> {
  await Promise.all([rm(partialPath(target), { force: true }), rm(notePath(target), { force: true })])
}

export async function discardNote(target: string): Promise<void> {
  await rm(notePath(target), { force: true })
}

/** The size of a regular file; undefined when there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true ? found.size : undefined
}

/**
 * The size of what was begun; undefined when there is nothing that may be written to: it may be another name of a file of
 * this machine.
 */
export async function ownPartialSize(target: string): Promise<number | undefined> {
  const found = await stat(partialPath(target)).catch(() => undefined)
  return found === undefined || (found.isFile() && found.nlink > 1) ? undefined : found.size
}

/** Feeds a file to a hash, or to a new one, and answers it still open. */
export async function hashFile(path: string, { signal }: AbortOptions = {}): Promise<Hash> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) hash.update(chunk as Buffer)
  return hash
}

/** A partial file that is complete already, left by an install that was stopped later on. */
export async function finishedPartial(
  { target, sha256 }: { readonly target: string; readonly sha256?: string },
  options: AbortOptions,
): Promise<Brought | undefined> {
  const [bytes, note] = await Promise.all([fileSize(partialPath(target)), readNote(target)])
  if (bytes === undefined || sha256 === undefined || note?.totalBytes !== bytes) return undefined
  const found = (await hashFile(partialPath(target), options)).digest('hex')
  return found === sha256 ? { bytes, sha256 } : undefined
}

export function checksumMismatch(file: string, expected: string, actual: string): AppError {
  return new AppError(
    'download.checksum-mismatch',
    `${file} is not what it should be: expected sha256 ${expected}, got ${actual}`,
    { details: { expected, actual } },
  )
}

/** Fails early when the disk cannot hold what is still to come. */
export async function checkDiskSpace(target: string, neededBytes: number): Promise<void> {
  const disk = await statfs(dirname(target)).catch(() => undefined)
  if (disk === undefined || disk.bavail * disk.bsize >= neededBytes) return
  throw noSpace(target, { needed: neededBytes, free: disk.bavail * disk.bsize })
}

/** Makes errors of the file system readable, above all a full disk. */
export function asWriteError(error: unknown, target: string, neededBytes?: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return noSpace(target, { needed: neededBytes }, error)
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new AppError('download.failed', `cannot write to ${dirname(target)}: ${code}`, { cause: error })
  }
  return error
}

function noSpace(target: string, bytes: { needed: number | undefined; free?: number }, cause?: unknown): AppError {
  const need = bytes.needed === undefined ? '' : `, need ${megabytes(bytes.needed)}`
  const have = bytes.free === undefined ? '' : `, have ${megabytes(bytes.free)}`
  return new AppError('download.failed', `no space left on the disk of ${dirname(target)}${need}${have}`, { cause })
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function toNote(value: unknown): PartialNote | undefined {
  if (!isObject(value) || typeof value['from'] !== 'string') return undefined
  const { etag, lastModified, totalBytes, sha256 } = value
  return {
    from: value['from'],
    ...(typeof etag === 'string' ? { etag } : {}),
    ...(typeof lastModified === 'string' ? { lastModified } : {}),
    ...(typeof totalBytes === 'number' ? { totalBytes } : {}),
    ...(typeof sha256 === 'string' ? { sha256 } : {}),
  }
}
