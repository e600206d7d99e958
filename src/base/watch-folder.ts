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
/** One that is copied for hours keeps nobody from seeing what else has changed. */
const LONGEST_MS = 15_000

/**
 * Calls back once a folder has been quiet for a moment after a change to a file whose name matters, and from time to time
 * while it never is.
 */
export function watchFolder(folder: string, listener: FolderListener, longestMs = LONGEST_MS): FolderWatch {
  let whenQuiet: NodeJS.Timeout | undefined
  let atLatest: NodeJS.Timeout | undefined
  let watcher: FSWatcher | undefined
  function forget(): void {
    clearTimeout(whenQuiet)
    clearTimeout(atLatest)
    atLatest = undefined
  }
  function tell(): void {
    forget()
    listener.onChange()
  }
  function close(): void {
    forget()
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
      clearTimeout(whenQuiet)
      whenQuiet = setTimeout(tell, QUIET_MS)
      atLatest ??= setTimeout(tell, longestMs)
    })
    watcher.on('error', cannot)
  } catch (error) {
    cannot(error)
  }
  return { close }
}
