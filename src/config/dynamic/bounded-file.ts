import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, open, rename, rm } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'

/** Nothing larger is read, so nothing larger may be written. */
export const MAX_BYTES = 1024 * 1024

/** The text of a small file; undefined when there is none. Throws `config.invalid`. */
export async function readSmallFile(path: string): Promise<string | undefined> {
  try {
    // A pipe under this name must not hold the reader up.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const info = await file.stat()
    if (!info.isFile()) throw new AppError('config.invalid', 'it is no regular file')
    if (info.size > MAX_BYTES) throw new AppError('config.invalid', `it has more than ${MAX_BYTES} bytes`)
    const buffer = Buffer.alloc(info.size)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } catch (error) {
    if (error instanceof AppError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new AppError('config.invalid', `it cannot be read (${code ?? String(error)})`, { cause: error })
  }
}

/** Parses what `readSmallFile` gave. Throws `config.invalid`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own sentence quotes the text, and these files hold keys.
    throw new AppError('config.invalid', 'it is not JSON')
  }
}

/** Keeps what a file says now as `<path>.damaged`, for whoever needs it back. Throws `storage.failed`. */
export async function keepDamaged(path: string): Promise<void> {
  try {
    await copyFile(path, `${path}.damaged`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new AppError('storage.failed', `${path} cannot be copied (${code ?? String(error)})`, { cause: error })
  }
}

/** Writes for the owner's eyes only, whole or not at all. Throws `storage.failed`. */
export async function writeSmallFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.tmp`
  try {
    await using file = await open(unfinished, 'wx', 0o600)
    await file.writeFile(text)
    await file.sync()
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    const { code } = error as NodeJS.ErrnoException
    throw new AppError('storage.failed', `${path} cannot be written (${code ?? String(error)})`, { cause: error })
  }
}
