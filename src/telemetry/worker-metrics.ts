import { Counter, Gauge, type Registry } from 'prom-client'

/** `lent`: this node's memory, to another. `borrowed`: another's, for a model of this node. */
export type LeaseSide = 'lent' | 'borrowed'

/**
 * `returned`: the user gave it back or left. `worker-lost`: the worker ended, or could not be reached any more. `cut`: what
 * the user sent was not allowed. `stopped`: this node lends no more, or stops.
 */
export type LeaseOutcome = 'returned' | 'worker-lost' | 'cut' | 'stopped'

/** What a node lends now. */
export interface LendingFigures {
  /** Most that its user may take; 0 without one. */
  readonly lentBytes: number
  /** Most that the next user could have. */
  readonly lendableBytes: number
  readonly waiting: number
  readonly cachedWeightBytes: number
}

/** Lending and borrowing memory for models over several machines. */
export interface WorkerMetrics {
  leaseEnded(event: { readonly side: LeaseSide; readonly outcome: LeaseOutcome; readonly seconds: number }): void
  /** `code` is of the closed list in `base/errors.ts`. */
  leaseRefused(event: { readonly side: LeaseSide; readonly code: string }): void
  leaseMoved(side: LeaseSide, direction: 'in' | 'out', bytes: number): void
  leaseRoundTrip(side: LeaseSide): void
  leaseWeights(side: LeaseSide, fact: { readonly bytes: number; readonly cached: boolean }): void
  /** Asked whenever somebody reads the metrics; the last one counts. */
  followLending(read: () => LendingFigures): void
}

export function createWorkerMetrics(registers: Registry[]): WorkerMetrics {
  const counter = (name: string, help: string, labelNames: readonly string[]): Counter =>
    new Counter({ name, help, labelNames, registers })
  const ended = counter('local_ai_worker_leases_total', 'Leases of workers that ended, by side and how', [
    'side',
    'outcome',
  ])
  const seconds = counter('local_ai_worker_lease_seconds_total', 'How long those leases lasted together', ['side'])
  const refused = counter('local_ai_worker_refusals_total', 'Leases that were asked for and not given, by why', [
    'side',
    'code',
  ])
  const bytes = counter('local_ai_worker_bytes_total', 'Bytes between models and the workers that hold parts of them', [
    'side',
    'direction',
  ])
  const roundTrips = counter('local_ai_worker_round_trips_total', 'Calls of workers that were answered', ['side'])
  const weights = counter('local_ai_worker_weight_bytes_total', 'Weights given to workers, moved or cached there', [
    'side',
    'from',
  ])
  let read: (() => LendingFigures) | undefined
  function gauge(name: string, help: string, value: (figures: LendingFigures) => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        if (read !== undefined) this.set(value(read()))
      },
    })
  }
  gauge(
    'local_ai_worker_lent_bytes',
    'Most that the user of this worker may take; 0 without one',
    (now) => now.lentBytes,
  )
  gauge('local_ai_worker_lendable_bytes', 'Most that the next user can have', (now) => now.lendableBytes)
  gauge('local_ai_worker_waiting', 'Users that wait for this worker', (now) => now.waiting)
  gauge('local_ai_worker_cached_weight_bytes', 'Weights on the disk of this worker', (now) => now.cachedWeightBytes)
  return {
    leaseEnded({ side, outcome, seconds: lasted }) {
      ended.inc({ side, outcome })
      seconds.inc({ side }, lasted)
    },
    leaseRefused: ({ side, code }) => refused.inc({ side, code }),
    leaseMoved: (side, direction, count) => bytes.inc({ side, direction }, count),
    leaseRoundTrip: (side) => roundTrips.inc({ side }),
    leaseWeights: (side, fact) => weights.inc({ side, from: fact.cached ? 'cache' : 'stream' }, fact.bytes),
    followLending(given) {
      read = given
    },
  }
}
