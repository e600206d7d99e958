import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { ModelLease } from './model-lease.ts'
import { within } from './with-timeout.ts'

export interface WaitForLoadInit extends AbortOptions {
  readonly model: string
  readonly waitMs: number
}

/** A load that took longer than all this may take as long again. */
const RETRY_AFTER_MS = 15_000

/**
 * Waits for a lease as long as a request may. Whoever waited that long is told what for, and the load goes on for the one
 * who comes next: `acquire`'s signal aborts with the caller's only until then.
 */
export async function waitForLoad(
  acquire: (signal: AbortSignal) => Promise<ModelLease>,
  { model, waitMs, signal }: WaitForLoadInit,
): Promise<ModelLease> {
  const left = new AbortController()
  const leave = (): void => left.abort(signal?.reason)
  if (signal?.aborted === true) leave()
  signal?.addEventListener('abort', leave, { once: true })
  try {
    const acquiring = acquire(left.signal)
    const lease = await within(acquiring, waitMs)
    if (lease !== undefined) return lease
    acquiring.then(
      (late) => late[Symbol.dispose](),
      () => {},
    )
  } finally {
    signal?.removeEventListener('abort', leave)
  }
  const message = `model "${model}" is still being loaded after ${Math.round(waitMs / 1000)} s: try again later`
  throw new AppError('model.loading', message, { details: { retryAfterMs: RETRY_AFTER_MS } })
}
