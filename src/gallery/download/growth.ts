import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

const LOOK_EVERY_MS = 400
const MAX_FILES = 2000

/**
 * Reports how much a folder holds, now and then, for a progress display. It looks instead of watching: watching
 * folders recursively costs a lot as soon as somebody puts hundreds of files there.
 */
export function watchGrowth(folder: string, onBytes: (bytes: number) => void): { close(): void } {
  let open = true
  let measuring = false
  const look = async (): Promise<void> => {
    if (measuring) return
    measuring = true
    const bytes = await folderBytes(folder)
    measuring = false
    if (open) onBytes(bytes)
  }
  const timer = setInterval(() => void look(), LOOK_EVERY_MS)
  return {
    close() {
      open = false
      clearInterval(timer)
    },
  }
}

async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile()).slice(0, MAX_FILES)
  const sizes = await Promise.all(files.map((entry) => sizeOf(join(entry.parentPath, entry.name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    (found) => found.size,
    () => 0,
  )
}
