import type { Readable } from 'node:stream'

export interface ParentWatchInit {
  /** The parent holds the other end of this pipe for as long as it lives. */
  readonly lifeline: Readable | undefined
  /** How often to look at the parent's process id where there is no lifeline; 0: not at all. */
  readonly pollMs: number
  readonly parentId: () => number
}

/**
 * Calls `onGone` once when the parent process is gone, however it went: the kernel closes its end of the pipe even
 * after SIGKILL. Without a pipe, a changed parent id tells the same a little later. Gives a function that stops watching.
 */
export function watchParent(init: ParentWatchInit, onGone: () => void): () => void {
  if (init.lifeline !== undefined) return watchPipe(init.lifeline, onGone)
  const parent = init.parentId()
  // A process started by init has nobody to lose.
  if (init.pollMs <= 0 || parent <= 1) return () => {}
  const timer = setInterval(() => {
    if (init.parentId() === parent) return
    clearInterval(timer)
    onGone()
  }, init.pollMs)
  timer.unref()
  return () => clearInterval(timer)
}

function watchPipe(pipe: Readable, onGone: () => void): () => void {
  let watching = true
  const gone = (): void => {
    if (watching) onGone()
    watching = false
  }
  pipe.once('end', gone).once('close', gone).once('error', gone)
  pipe.resume()
  return () => {
    watching = false
    pipe.destroy()
  }
}
