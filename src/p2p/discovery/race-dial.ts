import type { AbortOptions } from '../../base/signals.ts'

export interface RaceInit<T> extends AbortOptions {
  /** A head start for the addresses before it, unless they fail earlier (RFC 8305 does the same). */
  readonly staggerMs: number
  readonly onFailure: (address: string, error: unknown) => void
  /** Of two that get through, the later one. */
  readonly discard: (late: T) => void
}

/**
 * Dials one address after the other without waiting for those that do not answer; the first that gets through wins.
 * Rejects with an `AggregateError` of all failures, or with the signal's reason.
 */
export function raceDial<T>(
  addresses: readonly string[],
  dial: (address: string, options: { readonly signal: AbortSignal }) => Promise<T>,
  { staggerMs, onFailure, discard, signal: outer }: RaceInit<T>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const losers = new AbortController()
  const failures: unknown[] = []
  let over = false
  let next = 0
  let open = 0
  let timer: NodeJS.Timeout | undefined

  function finish(settle: () => void): void {
    over = true
    clearTimeout(timer)
    outer?.removeEventListener('abort', onAbort)
    settle()
    losers.abort(new Error('another address of the peer was faster'))
  }
  function onAbort(): void {
    finish(() => reject(outer?.reason))
  }
  function fail(address: string, error: unknown): void {
    open -= 1
    if (over) return
    failures.push(error)
    onFailure(address, error)
    if (next < addresses.length) startNext()
    else if (open === 0) finish(() => reject(new AggregateError(failures, 'no address could be dialled')))
  }
  function startNext(): void {
    clearTimeout(timer)
    const address = addresses[next]
    next += 1
    if (address === undefined) return
    open += 1
    if (next < addresses.length) timer = setTimeout(startNext, staggerMs)
    dial(address, { signal: losers.signal }).then(
      (result) => (over ? discard(result) : finish(() => resolve(result))),
      (error: unknown) => fail(address, error),
    )
  }

  if (outer?.aborted === true) onAbort()
  else if (addresses.length === 0) finish(() => reject(new AggregateError([], 'there is no address to dial')))
  else {
    outer?.addEventListener('abort', onAbort, { once: true })
    startNext()
  }
  return promise
}
