import type { Duplex } from 'node:stream'
import { AppError } from '../../base/errors.ts'
import type { Network } from '../../p2p/network.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { WorkerMetrics } from '../../telemetry/worker-metrics.ts'
import type { WorkerProcess } from '../worker-process.ts'
import type { FetchWeights } from '../worker-stream.ts'
import { type RunLeaseDeps, runLease } from './run-lease.ts'
import { countStream, type StreamCounts } from './stream-counts.ts'
import { watchLink } from './watch-link.ts'

export interface LeaseUser {
  readonly peerId: string
  readonly name: string
  readonly model: string
  readonly memoryBytes: number
}

/** The lease that runs now. */
export interface LentLease extends LeaseUser, StreamCounts {
  readonly sinceUnixMs: number
}

/** A worker that waits for its user's first word. Disposed, or when `serve` resolves, it is gone, and its memory free. */
export interface GrantedLease extends AsyncDisposable {
  readonly memoryBytes: number
  /** Serves the user until it or the worker is gone. Never rejects. */
  serve(client: Duplex): Promise<void>
}

export interface GrantDeps extends Omit<RunLeaseDeps, 'events' | 'fetchWeights'> {
  /** From members other than the user, who sends what nobody else has. */
  readonly fetchWeights?: ((user: string) => FetchWeights) | undefined
  readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>
  /** Absent: the user is no member of a network, and its connection is all that tells of it. */
  readonly network?: Pick<Network, 'peers' | 'onChange'> | undefined
  readonly metrics: WorkerMetrics
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface Grant {
  readonly granted: GrantedLease
  facts(): LentLease
  end(reason: AppError): void
  /** Resolves when the worker is gone; `neverServed`: it ended before it had answered anything. */
  readonly over: Promise<{ readonly neverServed: boolean }>
}

export function createGrant(
  deps: GrantDeps,
  user: LeaseUser,
  { worker, waitedMs }: { readonly worker: WorkerProcess; readonly waitedMs: number },
): Grant {
  const { log, network, metrics, now } = deps
  const { peerId, name, model, memoryBytes } = user
  const sinceUnixMs = now()
  const beganAt = performance.now()
  const ended = new AbortController()
  const over = Promise.withResolvers<{ neverServed: boolean }>()
  const { events, counts } = countStream({
    moved: (direction, bytes) => metrics.leaseMoved('lent', direction, bytes),
    roundTrip: () => metrics.leaseRoundTrip('lent'),
    weights: (fact) => metrics.leaseWeights('lent', fact),
  })
  const gone = new AppError('peer.unreachable', 'the user is not heard any more')
  const endWatch = network === undefined ? () => {} : watchLink(network, peerId, () => ended.abort(gone))
  let serving: Promise<void> | undefined

  async function run(client: Duplex): Promise<void> {
    // A user of no network may only ask what there is, again and again: the end shows whether it did more.
    const began = { user: name, peerId, model, memoryBytes, waitedMs, workerPid: worker.pid }
    log[network === undefined ? 'debug' : 'info'](began, 'memory lent')
    const lease = { client, worker, memoryBytes }
    const {
      outcome,
      reason,
      worker: last,
    } = await runLease({ ...deps, events, fetchWeights: deps.fetchWeights?.(peerId) }, lease, { signal: ended.signal })
    endWatch()
    // The clock on the wall may have gone back meanwhile, and a counter of seconds must not.
    const seconds = (performance.now() - beganAt) / 1000
    metrics.leaseEnded({ side: 'lent', outcome, seconds })
    const facts = { user: name, peerId, model, outcome, reason, seconds, ...counts() }
    if (outcome === 'worker-lost') log.warn({ ...facts, ...last }, 'lent memory is free again')
    else log[isQuestion(network, counts()) ? 'debug' : 'info'](facts, 'lent memory is free again')
    over.resolve({ neverServed: outcome === 'worker-lost' && counts().roundTrips === 0 })
  }

  async function drop(): Promise<void> {
    endWatch()
    await worker.stop()
    over.resolve({ neverServed: false })
  }

  return {
    over: over.promise,
    facts: () => ({ ...user, sinceUnixMs, ...counts() }),
    end: (reason) => ended.abort(reason),
    granted: {
      memoryBytes,
      async serve(client) {
        serving ??= run(client)
        await serving
      },
      async [Symbol.asyncDispose]() {
        serving ??= drop()
        await serving
      },
    },
  }
}

/** HELLO, the number of devices, the memory of each. */
const MOST_QUESTIONS = 20

function isQuestion(network: unknown, { weightBytes, roundTrips }: StreamCounts): boolean {
  return network === undefined && weightBytes === 0 && roundTrips < MOST_QUESTIONS
}
