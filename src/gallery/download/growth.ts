import { type FSWatcher, watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

const MAX_FILES = 2000

/**
 * Reports how much a folder holds each time something in it changes. For show only: where folders cannot be watched,
 * nothing is reported.
 */
export function watchGrowth(folder: string, onBytes: (bytes: number) => void): { close(): void } {
  let measuring = false
  let again = false
  let open = true
  const measure = async (): Promise<void> => {
    again = true
    if (measuring) return
    measuring = true
    while (again && open) {
      again = false
      const bytes = await folderBytes(folder)
      if (open) onBytes(bytes)
    }
    measuring = false
  }
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(folder, { recursive: true }, () => void measure())
    watcher.on('error', () => watcher?.close())
  } catch {
    watcher = undefined
  }
  return {
    close() {
      open = false
      watcher?.close()
    },
  }
}

async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile()).slice(0, MAX_FILES)
  const sizes = await Promise.all(
    files.map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        (found) => found.size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
