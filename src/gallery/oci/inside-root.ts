import { lstat, mkdir, readdir, readlink } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { AppError } from '../../base/errors.ts'

const MAX_LINKS = 40

/**
 * Refuses a folder in which a link leads out, also one that does so through others. What links say alone does not tell that.
 */
export async function checkLinks(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue
    await resolveInside(root, relative(root, join(entry.parentPath, entry.name)).split(sep), 'find')
  }
}

/**
 * Follows every link on the way from a root, the last name's included, and answers the names that it comes to. `make` makes
 * folders that are missing; with `find` the answer is undefined where links have no end. Throws `download.refused` when a
 * link leads above the root.
 */
export async function resolveInside(
  root: string,
  path: readonly string[],
  mode: 'find' | 'make',
): Promise<readonly string[] | undefined> {
  const left = path.filter(isName)
  let at: readonly string[] = []
  let links = 0
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === '..' && at.length === 0) throw refused(`the link "${shown(path)}" leads out of its folder`)
    if (part === '..') {
      at = at.slice(0, -1)
      continue
    }
    const next = [...at, part]
    const found = await lstat(join(root, ...next)).catch(() => undefined)
    if (found?.isSymbolicLink() !== true) {
      if (mode === 'make') await makeWay(join(root, ...next), found?.isDirectory(), path)
      at = next
      continue
    }
    links += 1
    if (links <= MAX_LINKS) left.unshift(...(await readlink(join(root, ...next))).split('/').filter(isName))
    else if (mode === 'find') return undefined
    else throw noFolder(path)
  }
  return at
}

/** `isFolder` says what is there, if anything. */
async function makeWay(place: string, isFolder: boolean | undefined, path: readonly string[]): Promise<void> {
  if (isFolder === undefined) await mkdir(place)
  else if (!isFolder) throw noFolder(path)
}

function isName(part: string): boolean {
  return part !== '' && part !== '.'
}

function noFolder(path: readonly string[]): AppError {
  return refused(`the way to "${shown(path)}" is no folder`)
}

function shown(path: readonly string[]): string {
  return path.join('/').slice(0, 200)
}

function refused(reason: string): AppError {
  return new AppError('download.refused', `nothing is unpacked: ${reason}`)
}
