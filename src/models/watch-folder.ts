import { type FSWatcher, watch } from 'node:fs'
import type { Logger } from '../telemetry/logger.ts'

export interface FolderWatch {
  close(): void
}

/** A file that is being copied changes many times a second: wait until it is quiet. */
const QUIET_MS = 300

/**
 * Calls back once a folder has been quiet for a moment after a change to a file whose name matters. Where watching
 * is not possible it says so in the log, and nothing is called.
 */
export function watchFolder(
  { log }: { readonly log: Logger },
  folder: string,
  listener: { readonly matters: (file: string) => boolean; readonly onChange: () => void },
): FolderWatch {
  let timer: NodeJS.Timeout | undefined
  let watcher: FSWatcher | undefined
  function close(): void {
    clearTimeout(timer)
    watcher?.close()
    watcher = undefined
  }
  function cannot(error: unknown): void {
    log.warn({ err: error, folder }, 'the models folder cannot be watched: changes show after a reload')
    close()
  }
  try {
    watcher = watch(folder, (_event, file) => {
      // Some systems do not say which file it was.
      if (file !== null && !listener.matters(file)) return
      clearTimeout(timer)
      timer = setTimeout(listener.onChange, QUIET_MS)
    })
    watcher.on('error', cannot)
  } catch (error) {
    cannot(error)
  }
  return { close }
}
