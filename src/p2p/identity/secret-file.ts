import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'

const OTHERS_MAY = 0o077
const OWNER_MAY = 0o600

/**
 * Reads a small secret; undefined when there is none. One that other users can read is told of and closed to them.
 * Throws `config.invalid` when it cannot be read or is larger than `maxBytes`.
 */
export async function readSecretFile(
  { log }: { readonly log: Pick<Logger, 'warn'> },
  path: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const found = await file.stat()
    const { size, mode } = found
    if (!found.isFile()) throw new AppError('config.invalid', `${path} is no regular file`)
    if (size > maxBytes) throw new AppError('config.invalid', `${path} is larger than ${maxBytes} bytes`)
    if (process.platform !== 'win32' && (mode & OTHERS_MAY) !== 0) {
      log.warn({ path }, 'other users of this machine could read this secret; it is closed to them now')
      await file.chmod(OWNER_MAY).catch(() => log.warn({ path }, 'the permissions of this secret cannot be changed'))
    }
    return await readAtMost(file, maxBytes)
  } catch (error) {
    if (error instanceof AppError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return await refuseLostLink(path)
    throw new AppError('config.invalid', `${path} cannot be read (${code ?? String(error)})`, { cause: error })
  }
}

/** Writes for the owner's eyes only. After a crash there is the old content or the new, never a part. */
export async function writeSecretFile(path: string, content: Uint8Array | string): Promise<void> {
  const unfinished = `${path}.new`
  try {
    await rm(unfinished, { force: true })
    await writeThrough(unfinished, content)
    await rename(unfinished, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    const { code } = error as NodeJS.ErrnoException
    throw new AppError('config.invalid', `${path} cannot be written (${code ?? String(error)})`, { cause: error })
  }
}

/** Whoever keeps a secret elsewhere does not want another one while that place is missing. */
async function refuseLostLink(path: string): Promise<undefined> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  throw new AppError('config.invalid', `${path} is a link to what is not there: bring that back, or delete the link`)
}

async function readAtMost(file: FileHandle, maxBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(maxBytes)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, maxBytes - length)
    if (bytesRead === 0) return buffer.subarray(0, length)
    length += bytesRead
  }
}

async function writeThrough(path: string, content: Uint8Array | string): Promise<void> {
  await using file = await open(path, 'wx', OWNER_MAY)
  await file.writeFile(content)
  await file.sync()
}

/** The new name is on the disk only when the folder is. Not every system can do this to a folder. */
async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path, constants.O_RDONLY)
    await folder.sync()
  } catch {}
}
