import { constants, copyFile, link, readFile, rm } from 'node:fs/promises'

export interface Removal {
  /** What the file must say. */
  readonly text: string
  /** Exists while somebody removes the file. */
  readonly guard: string
  /** A file to be linked as the guard, which says by whom. */
  readonly claim: string
}

/**
 * Removes a lock that says `text`, and no other: who decides that a lock is abandoned may be slower than somebody who has
 * taken it over meanwhile. False when somebody else holds the guard.
 */
export async function removeExactly(path: string, { text, guard, claim }: Removal): Promise<boolean> {
  if (!(await linkNew(claim, guard))) return false
  try {
    if ((await readIfThere(path)) === text) await rm(path, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
  return true
}

/** False when there is something at `to` already. Some file systems know no links. */
export async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    return await unlessThere(link(from, to))
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(String((error as NodeJS.ErrnoException).code))) throw error
    return await unlessThere(copyFile(from, to, constants.COPYFILE_EXCL))
  }
}

async function unlessThere(making: Promise<void>): Promise<boolean> {
  try {
    await making
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
