/** The last argument of everything that waits. */
export interface AbortOptions {
  readonly signal?: AbortSignal
}

/** Joins the caller's signal, when there is one, with the part's own. */
export function anySignal(own: AbortSignal, callers: AbortSignal | undefined): AbortSignal {
  return callers === undefined ? own : AbortSignal.any([own, callers])
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. The work itself goes on. */
export async function raceSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise
  if (signal.aborted) {
    // The work had begun when the promise was made. What becomes of it is nobody's any more, and must not end the process.
    promise.catch(() => {})
    throw signal.reason
  }
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
  }
}
