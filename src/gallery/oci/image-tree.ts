import { constants } from 'node:fs'
import { chmod, copyFile, link, lstat, mkdir, open, readdir, rm, rmdir, symlink } from 'node:fs/promises'
import { dirname, join, posix, relative, sep } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { UnpackLimits } from '../backend/unpack-backend.ts'
import { checkLinks, resolveInside } from './inside-root.ts'
import { type LayerEntry, readLayer } from './layer-entries.ts'
import { type LayerStep, readLayerStep } from './layer-step.ts'

/**
 * A folder that layers are laid into, one over the other, as OCI image specification 1.1, layer.md says. Nothing is
 * ever written outside of it, whatever links the layers bring; nobody else may change it meanwhile.
 */
export interface ImageTree {
  /** Lays a tar archive, compressed or not, over what is there. Throws `download.refused` and `download.failed`. */
  addLayer(archive: string, options: AbortOptions): Promise<void>
  /** Lays one file over what is there; `from` may become a second name of the same data. */
  addFile(path: string, from: string): Promise<void>
  /** Refuses links that lead out; to be called when all layers are there. */
  checkLinks(): Promise<void>
}

type StepOf<D extends LayerStep['do']> = Extract<LayerStep, { readonly do: D }>

export function createImageTree(root: string, limits: UnpackLimits): ImageTree {
  let entries = 0
  let bytes = 0

  function count(size: number): void {
    if (!(size >= 0)) throw refused('it has an entry without a size')
    entries += 1
    bytes += size
    if (entries > limits.maxEntries) throw refused(`it has more than ${limits.maxEntries} entries`)
    if (bytes > limits.maxBytes) throw refused(`it is larger than ${limits.maxBytes} bytes`)
  }

  /** The name under which something is to be made, its folder being there, and nothing else having that name. */
  async function freePlace(path: string, own: Set<string>): Promise<string> {
    const place = await placeOf(root, path, 'make')
    await rm(place, { recursive: true, force: true })
    own.add(path)
    return place
  }

  async function makeFolder({ path, mode }: StepOf<'folder' | 'file'>, own: Set<string>): Promise<void> {
    if (path === '') return
    const place = await placeOf(root, path, 'make')
    own.add(path)
    const found = await lstat(place).catch(() => undefined)
    if (found !== undefined && !found.isDirectory()) await rm(place)
    if (found?.isDirectory() !== true) await mkdir(place)
    await chmod(place, mode)
  }

  async function makeFile(
    { path, mode }: StepOf<'folder' | 'file'>,
    entry: LayerEntry,
    own: Set<string>,
  ): Promise<void> {
    await using file = await open(await freePlace(path, own), 'wx', mode)
    for await (const chunk of entry.content()) await file.writeFile(chunk)
    await file.chmod(mode)
  }

  /** A path from the root of the image is made one from the link's folder, wherever other links have put that. */
  async function makeSymlink({ path, to }: StepOf<'symlink'>, own: Set<string>): Promise<void> {
    const place = await freePlace(path, own)
    const folder = relative(root, dirname(place)).split(sep).join('/')
    await symlink(to.startsWith('/') ? posix.relative(`/${folder}`, posix.normalize(to)) || '.' : to, place)
  }

  async function makeHardLink({ path, to }: StepOf<'hardlink'>, own: Set<string>): Promise<void> {
    const target = await placeOf(root, to, 'find')
    const found = target === undefined ? undefined : await lstat(target).catch(() => undefined)
    if (target === undefined || found?.isFile() !== true) throw refused(`"${path}" is a link to what is no file of it`)
    if (path !== to) await linkOrCopy(target, await freePlace(path, own))
  }

  async function apply(step: LayerStep, entry: LayerEntry, own: Set<string>): Promise<void> {
    switch (step.do) {
      case 'nothing':
        return
      case 'folder':
        return await makeFolder(step, own)
      case 'file':
        return await makeFile(step, entry, own)
      case 'symlink':
        return await makeSymlink(step, own)
      case 'hardlink':
        return await makeHardLink(step, own)
      case 'remove':
        return await removeLower(root, step.path, own)
      case 'empty':
        return await emptyLower(root, step.path, own)
    }
  }

  return {
    async addLayer(archive, options) {
      /** What this layer itself has brought: its whiteouts are for those below it. */
      const own = new Set<string>()
      await readLayer(
        archive,
        async (entry) => {
          count(entry.size)
          await apply(readLayerStep(entry), entry, own)
        },
        options,
      )
    },
    async addFile(path, from) {
      const { size } = await lstat(from)
      count(size)
      await linkOrCopy(from, await freePlace(path, new Set()))
    },
    checkLinks: () => checkLinks(root),
  }
}

/**
 * Where a path of the image is: its folder with all links followed inside the root, and its last name, which may itself be a
 * link. `make` makes folders that are missing; with `find` the answer is undefined then.
 */
async function placeOf(root: string, path: string, mode: 'make'): Promise<string>
async function placeOf(root: string, path: string, mode: 'find' | 'make'): Promise<string | undefined>
async function placeOf(root: string, path: string, mode: 'find' | 'make'): Promise<string | undefined> {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  const folder = await resolveInside(root, parts, mode)
  return folder === undefined ? undefined : join(root, ...folder, name)
}

/** Removes what lower layers have there, and leaves what this layer has brought. */
async function removeLower(root: string, path: string, own: ReadonlySet<string>): Promise<void> {
  const place = await placeOf(root, path, 'find')
  if (place !== undefined) await removeForeign(place, path, own)
}

/** The same for all that is in a folder. */
async function emptyLower(root: string, path: string, own: ReadonlySet<string>): Promise<void> {
  const place = path === '' ? root : await placeOf(root, path, 'find')
  if (place === undefined || (await lstat(place).catch(() => undefined))?.isDirectory() !== true) return
  for (const name of await readdir(place)) await removeForeign(join(place, name), posix.join(path, name), own)
}

async function removeForeign(place: string, path: string, own: ReadonlySet<string>): Promise<void> {
  const found = await lstat(place).catch(() => undefined)
  if (found === undefined) return
  if (!found.isDirectory()) {
    if (!own.has(path)) await rm(place)
    return
  }
  for (const name of await readdir(place)) await removeForeign(join(place, name), posix.join(path, name), own)
  // What is in it stays, and so does the folder then.
  if (!own.has(path)) await rmdir(place).catch(() => {})
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    // Some file systems know no links.
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EXDEV', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
  }
}

function refused(reason: string): AppError {
  return new AppError('download.refused', `the image is not unpacked: ${reason}`)
}
