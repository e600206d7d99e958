import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import { timeLeftMs } from '../base/time-left.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { NetworkStore } from './network-store.ts'
import type { VisitCounts, Visits } from './visits.ts'

export interface DiscoveryDeps {
  readonly log: Pick<Logger, 'error'>
  readonly store: Pick<NetworkStore, 'due' | 'nextDueAt' | 'hasten' | 'list'>
  readonly visits: Visits
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface DiscoveryInit {
  /** Visits that run at the same time. */
  readonly atOnce: number
}

/** What it has done since its start. */
export interface DiscoveryStatus extends VisitCounts {
  readonly running: boolean
  readonly visiting: number
}

/** Visits networks: while it runs each when it is due, so many at a time, each with a time of its own. */
export interface Discovery extends Startable {
  /** Visits every network once, due or not. */
  pass(options?: AbortOptions): Promise<DiscoveryStatus>
  /** There is a new network. */
  look(): void
  status(): DiscoveryStatus
}

/** Other processes may add networks to the database. */
const LOOK_AGAIN_MS = 5000
/** A network stays due while its visits cannot be written down: it is not to be visited all the time. */
const PAUSE_MS = 30_000
const LEAST_WAIT_MS = 50
/** What is being visited stays due until it was. */
const LEAST_WAIT_WHILE_VISITING_MS = 1000

export function createDiscovery({ log, store, visits, now }: DiscoveryDeps, { atOnce }: DiscoveryInit): Discovery {
  const visiting = new Map<string, Promise<void>>()
  let stopping: AbortController | undefined
  let timer: NodeJS.Timeout | undefined
  let pausedUntilUnixMs = 0
  let lookedAtUnixMs = Number.POSITIVE_INFINITY

  function begin(id: string, signal: AbortSignal): Promise<void> {
    const visit = visits
      .visit(id, { signal })
      .catch((error: unknown) => {
        pausedUntilUnixMs = now() + PAUSE_MS
        log.error(
          { err: error, network: id },
          'the outcome of a visit could not be written: no network is visited for now',
        )
      })
      .finally(() => visiting.delete(id))
    visiting.set(id, visit)
    return visit
  }
  function beginDue(signal: AbortSignal): number {
    const pauseMs = timeLeftMs(pausedUntilUnixMs, now(), PAUSE_MS)
    if (pauseMs > 0) return pauseMs
    const ready = store.due(now(), atOnce + visiting.size).filter((id) => !visiting.has(id))
    for (const id of ready.slice(0, Math.max(0, atOnce - visiting.size))) void begin(id, signal).then(look)
    return (store.nextDueAt() ?? Number.POSITIVE_INFINITY) - now()
  }
  /** At the start too: the clock may have been put right since the last visits. */
  function followClock(): void {
    const atUnixMs = now()
    if (atUnixMs < lookedAtUnixMs) store.hasten(atUnixMs)
    lookedAtUnixMs = atUnixMs
  }
  function look(): void {
    clearTimeout(timer)
    if (stopping === undefined || stopping.signal.aborted) return
    let dueInMs = LOOK_AGAIN_MS
    try {
      followClock()
      dueInMs = beginDue(stopping.signal)
    } catch (error) {
      log.error({ err: error }, 'the networks that are due could not be read; the next try is in some seconds')
    }
    // Whoever is due now and waits for room comes when a visit ends.
    const isFull = visiting.size >= atOnce
    const leastMs = visiting.size > 0 ? LEAST_WAIT_WHILE_VISITING_MS : LEAST_WAIT_MS
    timer = setTimeout(look, isFull ? LOOK_AGAIN_MS : Math.min(LOOK_AGAIN_MS, Math.max(leastMs, dueInMs)))
  }
  const status = (): DiscoveryStatus => ({
    running: stopping !== undefined && !stopping.signal.aborted,
    visiting: visiting.size,
    ...visits.counts(),
  })

  return {
    look,
    status,
    async start() {
      stopping = new AbortController()
      look()
    },
    async stop() {
      clearTimeout(timer)
      stopping?.abort(new AppError('node.stopping', 'the explorer is stopping'))
      await Promise.all(visiting.values())
    },
    async pass({ signal = new AbortController().signal } = {}) {
      const waiting = store.list().map(({ id }) => id)
      async function visitNext(): Promise<void> {
        for (let id = waiting.pop(); id !== undefined && !signal.aborted; id = waiting.pop()) await begin(id, signal)
      }
      await Promise.all(Array.from({ length: atOnce }, visitNext))
      signal.throwIfAborted()
      return status()
    },
  }
}
