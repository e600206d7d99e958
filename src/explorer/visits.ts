import { AppError } from '../base/errors.ts'
import { LONGEST_TIMER_MS } from '../base/longest-timer.ts'
import { type AbortOptions, anySignal, raceSignal } from '../base/signals.ts'
import type { PublicSummary } from '../p2p/view/public-summary.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HistoryStore } from './history-store.ts'
import { type TokenKind, toFigures } from './listed-network.ts'
import type { NetworkStore } from './network-store.ts'
import type { TokenVault } from './token-vault.ts'
import { isGivenUp, type VisitPlan, waitMs } from './visit-plan.ts'

/** What a visitor is told of the network that it shall visit. */
export interface VisitedNetwork {
  readonly kind: TokenKind
  /** A secret. */
  readonly token: string
  readonly places: readonly string[]
}

/** Looks at one network, as soon and as short as can be. Rejects when nobody tells of it, or with the signal's reason. */
export type VisitNetwork = (network: VisitedNetwork, options: Required<AbortOptions>) => Promise<PublicSummary>

export interface VisitsDeps {
  readonly log: Pick<Logger, 'info' | 'debug'>
  readonly store: NetworkStore
  readonly histories: HistoryStore
  readonly vault: TokenVault
  readonly visit: VisitNetwork
  /** Both happen, or neither. */
  readonly atomically: (work: () => void) => void
  /** Unix milliseconds. */
  readonly now: () => number
  readonly random: () => number
}

export interface VisitsInit extends VisitPlan {
  /** For one visit. */
  readonly timeoutMs: number
}

export interface VisitCounts {
  readonly succeeded: number
  readonly failed: number
  readonly takenOff: number
}

/** One visit, and what becomes of the network after it. */
export interface Visits {
  /** Never takes longer than its time, whatever the visitor does. Rejects only when the outcome cannot be written. */
  visit(id: string, options: Required<AbortOptions>): Promise<void>
  counts(): VisitCounts
}

/** As in LocalAI a network in which nobody works counts as one that was not found; what was seen before stays. */
export function createVisits(deps: VisitsDeps, init: VisitsInit): Visits {
  const { log, store, now } = deps
  const counts = { succeeded: 0, failed: 0, takenOff: 0 }

  function succeed(id: string, summary: PublicSummary): void {
    counts.succeeded += 1
    const atUnixMs = now()
    const nextAtUnixMs = atUnixMs + waitMs(init, 0, deps.random())
    deps.atomically(() => {
      store.succeeded(id, { atUnixMs, nextAtUnixMs, summary })
      deps.histories.note(id, atUnixMs, toFigures(summary))
    })
    log.debug({ network: id, nodes: summary.nodes.length }, 'a network was visited')
  }
  function fail(id: string, error: AppError): void {
    counts.failed += 1
    const atUnixMs = now()
    // Counted from what stands there now: another process may have visited it meanwhile.
    const failures = (store.find(id)?.failures ?? 0) + 1
    if (isGivenUp(init, failures)) {
      store.remove(id)
      counts.takenOff += 1
      log.info({ network: id, failures }, 'a network could not be visited too often and is taken off the list')
      return
    }
    const nextAtUnixMs = atUnixMs + waitMs(init, failures, deps.random())
    deps.atomically(() => {
      store.failed(id, { atUnixMs, nextAtUnixMs, failures })
      deps.histories.note(id, atUnixMs, undefined)
    })
    log.debug({ network: id, failures, reason: error.message }, 'a network could not be visited')
  }
  async function look(id: string, outer: AbortSignal): Promise<PublicSummary | undefined> {
    const network = store.find(id)
    const secrets = store.secretsOf(id)
    if (network === undefined || secrets === undefined) return undefined
    const isLate = new AbortController()
    const late = (): void => isLate.abort(unreachable('it did not answer in time'))
    const timer = setTimeout(late, Math.min(init.timeoutMs, LONGEST_TIMER_MS))
    const signal = anySignal(isLate.signal, outer)
    try {
      const token = deps.vault.open(id, secrets.sealedToken)
      const visit = deps.visit({ kind: network.kind, token, places: secrets.places }, { signal })
      // A visitor that does not heed its signal must not hold the place of others.
      const summary = await raceSignal(visit, signal)
      if (toFigures(summary).workers === 0) throw unreachable('nobody there works for it')
      return summary
    } finally {
      clearTimeout(timer)
      isLate.abort(unreachable('the visit is over'))
    }
  }
  return {
    counts: () => ({ ...counts }),
    async visit(id, { signal }) {
      let summary: PublicSummary | undefined
      try {
        summary = await look(id, signal)
      } catch (error) {
        if (!signal.aborted) fail(id, AppError.from(error, 'peer.unreachable'))
        return
      }
      if (summary !== undefined) succeed(id, summary)
    },
  }
}

function unreachable(message: string): AppError {
  return new AppError('peer.unreachable', message)
}
