import type { Duplex } from 'node:stream'
import type { Logger } from '../../telemetry/logger.ts'
import type { WorkerMetrics } from '../../telemetry/worker-metrics.ts'
import type { LeaseRequest, WorkerLease, WorkerUse } from '../worker-pool.ts'
import { countStream } from './stream-counts.ts'

export interface BorrowedLeaseDeps {
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly metrics: WorkerMetrics
  /** Unix milliseconds. */
  readonly now: () => number
}

/** The stream to a worker, as whoever places a model gets it, and what it is used for, for whoever looks. */
export function toBorrowedLease(
  { log, metrics, now }: BorrowedLeaseDeps,
  worker: { readonly peerId: string; readonly name: string; readonly stream: Duplex; readonly takesHashes: boolean },
  request: LeaseRequest,
): { readonly lease: WorkerLease; use(): WorkerUse } {
  const { stream, name, peerId } = worker
  const { model, memoryBytes, layers } = request
  const sinceUnixMs = now()
  const beganAt = performance.now()
  const over = Promise.withResolvers<void>()
  let givenBack = false
  const { events, counts } = countStream({
    moved: (direction, bytes) => metrics.leaseMoved('borrowed', direction, bytes),
    roundTrip: () => metrics.leaseRoundTrip('borrowed'),
    weights: (fact) => metrics.leaseWeights('borrowed', fact),
  })
  function userLeft(): void {
    givenBack = true
  }
  function ended(): void {
    // The clock on the wall may have gone back meanwhile, and a counter of seconds must not.
    const seconds = (performance.now() - beganAt) / 1000
    const outcome = givenBack ? 'returned' : 'worker-lost'
    metrics.leaseEnded({ side: 'borrowed', outcome, seconds })
    const facts = { worker: name, peerId, model, outcome, seconds, ...counts() }
    if (givenBack) log.info(facts, 'a worker was given back')
    else log.warn(facts, 'a worker is gone')
    over.resolve()
  }
  stream.on('error', () => {})
  stream.once('close', ended)
  if (stream.closed) ended()
  log.info({ worker: name, peerId, model, memoryBytes, layers }, 'a worker was borrowed')
  return {
    lease: {
      ...worker,
      events: { ...events, userLeft },
      over: over.promise,
      async [Symbol.asyncDispose]() {
        givenBack ||= !stream.destroyed
        stream.destroy()
        await over.promise
      },
    },
    use: () => ({ model, memoryBytes, sinceUnixMs, ...(layers === undefined ? {} : { layers }), ...counts() }),
  }
}
