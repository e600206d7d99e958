import type { Upstream } from './create-upstream.ts'
import type { UpstreamModel } from './upstream-model.ts'

/** A model on a server. */
export interface Target {
  readonly upstream: Upstream
  /** Undefined: the server was never reached, and nobody knows what it has. */
  readonly model: UpstreamModel | undefined
}

/** Those that answer, the least busy first; a server that wants to be left alone for a while is left alone. Pure. */
export function orderTargets(targets: readonly Target[], now: number): readonly Target[] {
  return targets
    .filter(({ upstream, model }) => upstream.phase === 'up' && upstream.restsUntil <= now && model !== undefined)
    .toSorted((left, right) => pressureOf(left) - pressureOf(right))
}

function pressureOf({ upstream }: Target): number {
  return (upstream.inFlight + 1) / upstream.slots
}
