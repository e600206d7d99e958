import type { ModelLease, ModelLoader } from '../backends/model-lease.ts'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { ModelConfig } from '../models/model-config.ts'

/**
 * Whether to ask once more after a failure: only when the process was gone and the caller has seen nothing yet. A backend
 * that died while idle is noticed by the next request, and that request did nothing wrong. Pure.
 */
export function mayAskAgain(error: unknown, attempt: number): boolean {
  return attempt === 0 && hasDied(error)
}

/** Of itself: whoever stops a backend that is at work (a watchdog, the owner, a model that needs the room) wants its work to end. */
export function hasDied(error: unknown): boolean {
  return error instanceof AppError && error.code === 'backend.died' && error.details['stopped'] !== true
}

/** Borrows the model for one call with one answer; a backend found dead is started again, once. */
export async function useModel<T>(
  loader: Pick<ModelLoader, 'acquire'>,
  config: ModelConfig,
  { use, ...options }: AbortOptions & { readonly use: (lease: ModelLease) => Promise<T> },
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      using lease = await loader.acquire(config, options)
      return await use(lease)
    } catch (error) {
      if (!mayAskAgain(error, attempt)) throw error
    }
  }
}
