import { type FSWatcher, watch } from 'node:fs'
import { basename } from 'node:path'

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
/** How often a folder that has gone is looked for. */
const LOOK_AGAIN_MS = 1000

/**
 * Calls back once a folder has been quiet for a moment after a change to a file whose name matters, from time to time while
 * it never is, and when another folder has taken its place.
 */
export function watchFolder(folder: string, listener: FolderListener, longestMs = LONGEST_MS): FolderWatch {
  const name = basename(folder)
  let whenQuiet: NodeJS.Timeout | undefined
  let atLatest: NodeJS.Timeout | undefined
  let again: NodeJS.Timeout | undefined
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
  function changed(): void {
    clearTimeout(whenQuiet)
    whenQuiet = setTimeout(tell, QUIET_MS)
    atLatest ??= setTimeout(tell, longestMs)
  }
  function close(): void {
    forget()
    clearTimeout(again)
    watcher?.close()
    watcher = undefined
  }
  function cannot(error: unknown): void {
    listener.onProblem(error)
    close()
  }
  function open(): void {
    watcher = watch(folder, (event, file) => {
      // Its own name: it is removed or moved away, and what then has the name is another folder, which nobody watches.
      if (event === 'rename' && file === name) reopen()
      // Some systems do not say which file it was.
      else if (file === null || listener.matters(file)) changed()
    })
    watcher.on('error', cannot)
  }
  function reopen(): void {
    watcher?.close()
    watcher = undefined
    try {
      open()
      changed()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') again = setTimeout(reopen, LOOK_AGAIN_MS)
      else cannot(error)
    }
  }
  try {
    open()
  } catch (error) {
    cannot(error)
  }
  return { close }
}
