import { lstat, open, readFile, rm, stat } from 'node:fs/promises'
import { AppError, type ErrorCode } from '../../base/errors.ts'

/** Looking at a lock and removing it takes milliseconds: whoever has not done it by then was killed meanwhile. */
const REMOVAL_MS = 10_000

/** The text of a lock file; undefined when it is gone. What cannot be read as a lock would be waited for without an end. */
export async function readLock(path: string, failure: ErrorCode): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const found = await lstat(path).catch(() => undefined)
    // By now another one may be there; but a link that leads nowhere was there before.
    if (found === undefined || (code === 'ENOENT' && !found.isSymbolicLink())) return undefined
    throw new AppError(failure, `the lock ${path} cannot be read (${code ?? String(error)}): delete it`, {
      cause: error,
    })
  }
}

/**
 * Removes a lock whose owner is gone. One at a time, each after another look: of two who have found the same owner gone,
 * the second would remove the lock that the first has taken since. False: somebody else is about it.
 */
export async function removeAbandoned(path: string, isAbandoned: () => Promise<boolean>): Promise<boolean> {
  const turn = `${path}.removal`
  if (!(await make(turn))) {
    const since = (await stat(turn).catch(() => undefined))?.mtimeMs
    if (since !== undefined && Date.now() - since > REMOVAL_MS) await rm(turn, { force: true })
    return false
  }
  try {
    if (await isAbandoned()) await rm(path, { force: true })
    return true
  } finally {
    await rm(turn, { force: true })
  }
}

async function make(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
