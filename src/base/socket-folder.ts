import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What fits into a socket address everywhere (108 bytes on Linux, 104 on macOS, with the closing zero). */
const LONGEST_SOCKET_PATH = 100

/**
 * Makes a folder for sockets that only this user can enter: where temporary files belong, or in `/tmp` when that has too long
 * a name or cannot be written. `longestName`: of the sockets in it. Undefined: there is no such place.
 */
export async function makeSocketFolder(prefix: string, longestName: string): Promise<string | undefined> {
  for (const base of new Set([tmpdir(), '/tmp'])) {
    if (Buffer.byteLength(join(base, `${prefix}XXXXXX`, longestName)) > LONGEST_SOCKET_PATH) continue
    const folder = await mkdtemp(join(base, prefix)).catch(() => undefined)
    if (folder !== undefined) return folder
  }
  return undefined
}
