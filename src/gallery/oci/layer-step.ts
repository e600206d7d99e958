import { posix } from 'node:path'
import { AppError } from '../../base/errors.ts'

/** What the header of an archive's member says. */
export interface LayerMember {
  /** As it is written, a folder perhaps with a slash at its end. */
  readonly path: string
  /** In the words of the `tar` library. */
  readonly type: string
  readonly mode?: number
  readonly linkpath?: string
}

/** What a member of a layer asks for. Paths are relative, clean, and inside; `''` is the root. */
export type LayerStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'folder' | 'file'; readonly path: string; readonly mode: number }
  /** `to` as it is written: from the link's own folder, or with a slash first from the root of the image. */
  | { readonly do: 'symlink'; readonly path: string; readonly to: string }
  /** `to` is relative to the root. */
  | { readonly do: 'hardlink'; readonly path: string; readonly to: string }
  /** Lower layers' file or folder of that name goes. */
  | { readonly do: 'remove'; readonly path: string }
  /** All that lower layers have in the folder goes. */
  | { readonly do: 'empty'; readonly path: string }

const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'
/** Left behind by the file system that the names come from; they mean nothing. */
const LEFTOVER = '.wh..wh.'
const MAX_PATH = 4096
const MAX_DEPTH = 100

/**
 * Reads one member of a layer (OCI image specification 1.1, layer.md). Pure. Throws `download.refused` for paths and hard
 * links that lead out, for devices and pipes, and for kinds of members that nobody knows. Where a symbolic link leads
 * depends on the others, so that is looked at when all are there.
 */
export function readLayerStep(member: LayerMember): LayerStep {
  const path = insidePath(member.path, member.path)
  const name = posix.basename(path)
  const folder = path === name ? '' : posix.dirname(path)
  if (name === OPAQUE) return { do: 'empty', path: folder }
  if (name.startsWith(LEFTOVER)) return { do: 'nothing' }
  if (name.startsWith(WHITEOUT)) {
    const removed = name.slice(WHITEOUT.length)
    if (removed === '' || removed === '.' || removed === '..') throw refused(member.path, 'removes nothing')
    return { do: 'remove', path: posix.join(folder, removed) }
  }
  switch (member.type) {
    case 'Directory':
    case 'GNUDumpDir':
      return { do: 'folder', path, mode: modeOf(member, 0o755) }
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return { do: 'file', path: notRoot(path, member), mode: modeOf(member, 0o644) }
    case 'SymbolicLink':
      return { do: 'symlink', path: notRoot(path, member), to: linkTarget(member) }
    case 'Link':
      return { do: 'hardlink', path: notRoot(path, member), to: insidePath(member.linkpath ?? '', member.path) }
    default:
      throw refused(member.path, `is a ${member.type}`)
  }
}

function linkTarget({ path, linkpath = '' }: LayerMember): string {
  if (linkpath !== '' && linkpath.length <= MAX_PATH && !/^[A-Za-z]:|\\|\0/.test(linkpath)) return linkpath
  throw refused(path, 'is a link to nothing')
}

/** Without `./` and slashes at the end. */
function insidePath(path: string, member: string): string {
  const parts = path.split('/').filter((part, at) => part !== '.' && (part !== '' || at === 0))
  const isOdd = path.length > MAX_PATH || parts.length > MAX_DEPTH || /^[A-Za-z]:|\\|\0/.test(path)
  // The root itself is written as `/` by some.
  if (path !== '' && /^\/+$/.test(path)) return ''
  if (isOdd || path === '' || parts[0] === '' || parts.includes('..')) throw refused(member, 'leads out of its folder')
  return parts.join('/')
}

function notRoot(path: string, member: LayerMember): string {
  if (path === '') throw refused(member.path, `is a ${member.type}`)
  return path
}

/** Nothing of an image runs as another user, and its owner can always read, change and remove it. */
function modeOf({ mode, type }: LayerMember, fallback: number): number {
  const isFolder = type === 'Directory' || type === 'GNUDumpDir'
  return ((mode ?? fallback) & 0o777) | (isFolder ? 0o700 : 0o600)
}

function refused(member: string, reason: string): AppError {
  return new AppError('download.refused', `the image is not unpacked: "${member.slice(0, 200)}" ${reason}`)
}
