import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, open, realpath, rename, rm } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { checkSize } from './guard.ts'
import { asWriteError, checkDiskSpace, fileSize, hashFile, partialPath, writeWhole } from './partial-file.ts'
import { createProgressMeter, type OnProgress } from './progress.ts'

export interface LocalFileRequest {
  readonly path: string
  readonly target: string
  readonly file: string
  readonly maxBytes: number
  /** Also hash what is linked, which costs reading it. */
  readonly hash: boolean
}

type CopyOptions = AbortOptions & { readonly onProgress?: OnProgress }

/** Puts a file of this machine at `<target>.partial`: as a second name of the same data where the disk can, else as a copy. */
export async function takeLocalFile(
  request: LocalFileRequest,
  options: CopyOptions,
): Promise<{ bytes: number; sha256?: string }> {
  const { target, file, maxBytes } = request
  const source = await realpath(request.path).catch(() => undefined)
  const bytes = source === undefined ? undefined : await fileSize(source)
  if (source === undefined || bytes === undefined) {
    throw new AppError('download.failed', `there is no file ${request.path}`)
  }
  checkSize(bytes, { maxBytes }, file)
  const meter = createProgressMeter(options.onProgress, file, bytes)
  try {
    await rm(partialPath(target), { force: true })
    await link(source, partialPath(target))
  } catch {
    return { bytes, sha256: await copy({ ...request, path: source }, bytes, options) }
  }
  const sha256 = request.hash ? (await hashFile(source, options)).digest('hex') : undefined
  meter.at(bytes)
  return { bytes, ...(sha256 === undefined ? {} : { sha256 }) }
}

async function copy(request: LocalFileRequest, bytes: number, options: CopyOptions): Promise<string> {
  const { target, file, path } = request
  const unfinished = `${target}.unpacking`
  const hash = createHash('sha256')
  const meter = createProgressMeter(options.onProgress, file, bytes)
  try {
    await checkDiskSpace(target, bytes)
    const handle = await open(unfinished, 'w')
    try {
      let copied = 0
      const source = createReadStream(path, { highWaterMark: 1024 * 1024, signal: options.signal })
      for await (const chunk of source as AsyncIterable<Buffer>) {
        await writeWhole(handle, chunk)
        hash.update(chunk)
        copied += chunk.length
        meter.at(copied)
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(unfinished, partialPath(target))
    return hash.digest('hex')
  } catch (error) {
    await rm(unfinished, { force: true })
    options.signal?.throwIfAborted()
    throw asWriteError(error, target, bytes)
  }
}
