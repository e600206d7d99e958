import { createReadStream } from 'node:fs'
import { cp, lstat, readdir, readlink, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Unpack } from 'tar'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { checkLinks } from '../oci/inside-root.ts'

export interface UnpackLimits {
  readonly maxBytes: number
  readonly maxEntries: number
}

interface TarMember {
  readonly path: string
  readonly type: string
  readonly size: number
  readonly linkpath?: string
}

/**
 * Unpacks a `.tar.gz` into an empty folder. Refused as a whole: paths that leave the folder, links that lead out of
 * it, hard links, devices, and more bytes or entries than the limits.
 */
export async function unpackTar(
  archive: string,
  folder: string,
  options: AbortOptions & { readonly limits: UnpackLimits },
): Promise<void> {
  const checker = createMemberChecker(options.limits)
  const stopped = new AbortController()
  const signal = AbortSignal.any([stopped.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const unpack = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    filter: (path, entry) => {
      if (!('type' in entry)) return true
      try {
        checker.check({ path, type: entry.type, size: entry.size, linkpath: entry.linkpath ?? '' })
        return true
      } catch (error) {
        stopped.abort(error)
        return false
      }
    },
  })
  try {
    await pipeline(createReadStream(archive), unpack as unknown as NodeJS.WritableStream, { signal })
  } catch (error) {
    options.signal?.throwIfAborted()
    if (stopped.signal.aborted) throw stopped.signal.reason
    throw new AppError('download.failed', `the archive cannot be unpacked: ${reasonOf(error)}`, { cause: error })
  }
  if (stopped.signal.aborted) throw stopped.signal.reason
  await checkLinks(folder)
}

/** Copies the folder of a backend, with the same rules as for an archive. */
export async function copyBackend(
  from: string,
  to: string,
  options: AbortOptions & { readonly limits: UnpackLimits },
): Promise<void> {
  const root = resolve(from)
  if (!(await stat(root)).isDirectory()) throw new AppError('download.failed', `${from} is not a folder`)
  const checker = createMemberChecker(options.limits)
  const names = await readdir(root, { recursive: true })
  for (const name of names) {
    options.signal?.throwIfAborted()
    const path = join(root, name)
    const found = await lstat(path)
    if (found.isSymbolicLink()) {
      checker.check({ path: name, type: 'SymbolicLink', size: 0, linkpath: await readlink(path) })
    } else {
      checker.check({ path: name, type: found.isDirectory() ? 'Directory' : fileType(found), size: found.size })
    }
  }
  await cp(root, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: false })
  await checkLinks(to)
}

/** Counts and judges the members of an archive one by one; throws at the first that is not to be unpacked. */
export function createMemberChecker(limits: UnpackLimits): { check(member: TarMember): void } {
  let bytes = 0
  let entries = 0
  return {
    check(member) {
      entries += 1
      bytes += member.size
      if (entries > limits.maxEntries) throw refused(`it has more than ${limits.maxEntries} entries`)
      if (bytes > limits.maxBytes) throw refused(`it is larger than ${limits.maxBytes} bytes`)
      if (leaves('.', member.path)) throw refused(`"${member.path.slice(0, 200)}" leads out of its folder`)
      switch (member.type) {
        case 'File':
        case 'OldFile':
        case 'ContiguousFile':
        case 'Directory':
        case 'GNUDumpDir':
          return
        case 'SymbolicLink':
          if (leaves(dirname(member.path), member.linkpath ?? '')) {
            throw refused(`the link "${member.path.slice(0, 200)}" leads out of its folder`)
          }
          return
        default:
          throw refused(`"${member.path.slice(0, 200)}" is a ${member.type}`)
      }
    },
  }
}

function leaves(from: string, path: string): boolean {
  if (path === '' || isAbsolute(path) || /^[A-Za-z]:|\\/.test(path)) return true
  const inside = relative('/root', resolve('/root', from, path))
  return inside === '..' || inside.startsWith('../') || isAbsolute(inside)
}

function fileType(found: { isFile(): boolean }): string {
  return found.isFile() ? 'File' : 'device or socket'
}

function refused(reason: string): AppError {
  return new AppError('download.refused', `the archive is not unpacked: ${reason}`)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
