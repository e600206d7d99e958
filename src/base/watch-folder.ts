import { type FSWatcher, watch } from 'node:fs'

export interface FolderWatch {
  close(): void
}

export interface FolderListener {
  readonly matters: (file: string) => boolean
  readonly onChange: () => void
  /** Watching is not, or no longer, possible: nothing is called from now on. */
  readonly onProblem: (error: unknown) => void
}

/** A file that is being copied changes many times a second: wait until it is quiet. */
const QUIET_MS = 300

/** Calls back once a folder has been quiet for a moment after a change to a file whose name matters. */
export function watchFolder(folder: string, listener: FolderListener): FolderWatch {
  let timer: NodeJS.Timeout | undefined
  let watcher: FSWatcher | undefined
  function close(): void {
    clearTimeout(timer)
    watcher?.close()
    watcher = undefined
  }
  function cannot(error: unknown): void {
    listener.onProblem(error)
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
