import type { Duplex } from 'node:stream'
import { AppError } from '../../base/errors.ts'
import type { LeaseOutcome } from '../../telemetry/worker-metrics.ts'
import type { WorkerEnd, WorkerProcess } from '../worker-process.ts'
import type { FetchWeights, GuardWorker, StreamEnd, StreamEvents, WeightStore } from '../worker-stream.ts'

/** No first word of the user for so long, while whose engine starts, or none in the midst of a message: it is over. */
const STALL_TIMEOUT_MS = 20_000

/** A worker that computes at all is seen to do so in this time; twice in a row with nothing, it is stopped or hangs. */
const WORKER_LOOK_MS = 5000

export interface RunLeaseDeps {
  readonly guard: GuardWorker
  readonly weights?: WeightStore | undefined
  readonly fetchWeights?: FetchWeights | undefined
  readonly events: StreamEvents
}

export interface EndedLease {
  readonly outcome: LeaseOutcome
  /** In words, for the log. */
  readonly reason: string
  readonly worker: WorkerEnd
}

/** One user and its own worker, until either is gone or the signal ends it. The worker's memory is free when this resolves. */
export async function runLease(
  deps: RunLeaseDeps,
  lease: { readonly client: Duplex; readonly worker: WorkerProcess; readonly memoryBytes: number },
  { signal }: { readonly signal: AbortSignal },
): Promise<EndedLease> {
  const { client, worker, memoryBytes } = lease
  let end: StreamEnd
  try {
    end = await deps.guard(
      { client, worker: worker.socket },
      {
        signal,
        limits: { memoryBytes, stallTimeoutMs: STALL_TIMEOUT_MS },
        events: deps.events,
        workerWatch: { everyMs: WORKER_LOOK_MS, isAtWork: createPulse(worker) },
        weights: deps.weights,
        ...(deps.fetchWeights === undefined ? {} : { fetchWeights: deps.fetchWeights }),
      },
    )
  } catch (thrown) {
    end = { type: 'refused', reason: AppError.from(thrown, 'internal').message }
  } finally {
    client.destroy()
    await worker.stop()
  }
  return { ...describe(end, signal), worker: await worker.ended }
}

/** Whether a worker has computed since it was asked last, if that was a moment ago; true where nobody can tell. */
export function createPulse(
  { computedMs }: Pick<WorkerProcess, 'computedMs'>,
  now: () => number = () => performance.now(),
): () => Promise<boolean> {
  let last: { readonly computedMs: number | undefined; readonly at: number } | undefined
  return async () => {
    const before = last
    last = { computedMs: await computedMs?.(), at: now() }
    if (before === undefined || last.computedMs === undefined) return true
    return last.computedMs !== before.computedMs || last.at - before.at > 2 * WORKER_LOOK_MS
  }
}

function describe(end: StreamEnd, signal: AbortSignal): Pick<EndedLease, 'outcome' | 'reason'> {
  if (signal.aborted) {
    const { code, message } = AppError.from(signal.reason, 'internal')
    return { outcome: code === 'peer.unreachable' ? 'returned' : 'stopped', reason: message }
  }
  switch (end.type) {
    case 'client-left':
      return { outcome: 'returned', reason: 'the user has given it back' }
    case 'worker-left':
      return { outcome: 'worker-lost', reason: 'the worker has ended' }
    case 'refused':
      return { outcome: 'cut', reason: end.reason }
    default:
      return end satisfies never
  }
}
