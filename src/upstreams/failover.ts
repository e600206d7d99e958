import { AppError } from '../base/errors.ts'
import { orderTargets, type Target } from './choose-target.ts'

/** Failures that leave nothing begun: another server may do better. Pure. */
export function mayTryAnother(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'upstream.unreachable' || error.code === 'model.busy')
}

/** The servers that one request may be sent to, one after the other, each once. */
export interface Tries {
  /** Throws what the last one failed with or, when nobody could be asked, why. */
  next(): Target
  /** Throws the error unless the next one may be asked. */
  failed(error: unknown): void
}

export function createTries(name: string, targets: readonly Target[], now: number): Tries {
  const order = orderTargets(targets, now)
  let at = 0
  let last: unknown
  return {
    next() {
      const target = order[at]
      at += 1
      if (target !== undefined) return target
      throw last ?? nobodyLeft(name, targets, now)
    },
    failed(error) {
      if (!mayTryAnother(error)) throw error
      last = error
    },
  }
}

function nobodyLeft(name: string, targets: readonly Target[], now: number): AppError {
  const waits = targets
    .filter(({ upstream }) => upstream.phase === 'up' && upstream.restsUntil > now)
    .map(({ upstream }) => upstream.restsUntil - now)
  if (waits.length > 0) {
    const retryAfterMs = Math.min(...waits)
    const message = `model "${name}" is full: its upstream wants no more requests for the moment`
    return new AppError('model.busy', message, { details: { retryAfterMs, model: name } })
  }
  const [first] = targets
  for (const { upstream } of targets) upstream.lookSoon()
  const problem = first?.upstream.problem ?? `upstream ${first?.upstream.name ?? ''} was not reached yet`
  return new AppError('upstream.unreachable', `model "${name}" is on a server that does not serve: ${problem}`, {
    details: { model: name },
  })
}
