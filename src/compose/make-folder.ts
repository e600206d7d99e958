import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../base/errors.ts'

/**
 * Makes a folder and those above it. Step by step: where a parent exists and still nothing can be made in it (below
 * /proc, say), the recursive mkdir of Node 24 tries for ever. Throws `config.invalid` in words that name the flag.
 */
export async function makeFolder(path: string, flag: string, mode = 0o750): Promise<void> {
  try {
    await makeStep(path, mode)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new AppError('config.invalid', `${flag}: the folder ${path} cannot be made (${code ?? String(error)})`, {
      cause: error,
    })
  }
  if (!(await stat(path)).isDirectory()) throw new AppError('config.invalid', `${flag}: ${path} is not a folder`)
}

async function makeStep(path: string, mode: number): Promise<void> {
  if (await makeOne(path, mode)) return
  if (dirname(path) !== path) await makeStep(dirname(path), mode)
  await mkdir(path, { mode })
}

/** False when the folder above is missing. */
async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return true
    if (code === 'ENOENT') return false
    throw error
  }
}
