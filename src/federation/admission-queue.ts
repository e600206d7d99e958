import { AppError } from '../base/errors.ts'
import { LONGEST_TIMER_MS } from '../base/longest-timer.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Priority } from './priority.ts'
import { createWaitingRoom, type Waiter } from './waiting-room.ts'

export interface AdmissionQueueInit {
  /** Requests that may wait at the same time. */
  readonly maxLength: number
  /** How long one may wait. */
  readonly maxWaitMs: number
}

export interface Admission<Place> {
  /** Requests of one lane want the same (a model), so when there is no place for the first there is none for the others. */
  readonly lane: string
  /** Those of one caller are served in their order, callers by turns. */
  readonly caller: string
  /** Default: normal. */
  readonly priority?: Priority | undefined
  /** When its client will have given up, on the queue's clock: later it is not served. Absent: the client waits. */
  readonly giveUpAt?: number | undefined
  /** Takes a place, or gives undefined when there is none now. What it throws, the one who asked gets. */
  take(): Place | undefined
}

/**
 * Where requests wait while every node that could serve them is full. In a lane nobody is overtaken, except by callers
 * who have fewer requests in it, and by those of a higher priority, but not for ever. Who is refused when it is full:
 * the lowest priority first, and there whoever has the most.
 */
export interface AdmissionQueue<Place> {
  /**
   * Throws `federation.overloaded` when the queue is full, the wait was too long or, as things go, would be longer than
   * the client waits (`details.retryAfterMs`: when it is worth coming again), and the signal's reason at once when it
   * aborts.
   */
  admit(admission: Admission<Place>, options?: AbortOptions): Promise<Place>
  /** Requests that wait now. */
  readonly length: number
  /** Whether somebody waits in the lane. */
  waits(lane: string): boolean
  /** Something was released or changed: whoever can be served now is. */
  wake(): void
  /** Everyone who waits is refused with `reason`. */
  close(reason: AppError): void
}

interface Waiting<Place> extends Waiter {
  readonly take: Admission<Place>['take']
  readonly settle: (outcome: Outcome<Place>) => void
}

type Outcome<Place> = { readonly place: Place } | { readonly error: unknown }

const FULL = 'too many requests wait for a free node'
const TOO_LATE = 'no node becomes free before the client gives up'
const LEAST_RETRY_MS = 1000

export function createAdmissionQueue<Place>(
  { now }: { readonly now: () => number },
  { maxLength, maxWaitMs }: AdmissionQueueInit,
): AdmissionQueue<Place> {
  const room = createWaitingRoom<Waiting<Place>>()
  const pace = createPace(now)
  let wakeDue = false

  function overloaded(message: string): AppError {
    const turnMs = Math.round(pace.intervalMs() * (room.size + 1))
    const retryAfterMs = Math.max(LEAST_RETRY_MS, Math.min(turnMs, maxWaitMs))
    return new AppError('federation.overloaded', message, { details: { retryAfterMs } })
  }

  function end(waiter: Waiting<Place>, outcome: Outcome<Place>): void {
    room.remove(waiter)
    waiter.settle(outcome)
  }

  /** Serves the one whose turn it is; false when there is no place for the lane. */
  function serveNext(lane: string): boolean {
    const waiter = room.next(lane)
    const outcome = waiter === undefined ? undefined : tryToTake(waiter)
    if (waiter === undefined || outcome === undefined) return false
    room.passTurn(waiter)
    end(waiter, outcome)
    if ('place' in outcome) pace.served()
    return true
  }

  function serveAll(): void {
    wakeDue = false
    for (let served = true; served; ) served = room.lanes().filter(serveNext).length > 0
    if (room.size === 0) pace.pause()
  }

  /** The queue's own patience, or the client's where that is shorter. Throws when it is sure to be over too soon. */
  function patienceMs({ giveUpAt }: Admission<Place>, waiter: Waiter): number {
    if (giveUpAt === undefined) return maxWaitMs
    const leftMs = giveUpAt - now()
    const turnMs = room.ahead(waiter) * pace.intervalMs()
    if (leftMs <= 0 || turnMs > leftMs) throw overloaded(TOO_LATE)
    return Math.min(maxWaitMs, leftMs)
  }

  function wait(
    admission: Admission<Place>,
    { signal, who, ms }: AbortOptions & { readonly who: Waiter; readonly ms: number },
  ): Promise<Place> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => end(waiter, { error: signal?.reason })
      const late = (): void => end(waiter, { error: overloaded('no node became free in time') })
      const timer = setTimeout(late, Math.min(ms, LONGEST_TIMER_MS))
      const waiter: Waiting<Place> = {
        ...who,
        take: () => admission.take(),
        settle(outcome) {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          if ('place' in outcome) resolve(outcome.place)
          else reject(outcome.error)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      room.add(waiter)
    })
  }

  return {
    get length() {
      return room.size
    },
    async admit(admission, { signal } = {}) {
      signal?.throwIfAborted()
      const { lane, caller, priority = 'normal' } = admission
      const place = room.has(lane) ? undefined : admission.take()
      if (place !== undefined) return place
      const who = { lane, caller, priority }
      const ms = patienceMs(admission, who)
      if (room.size >= maxLength) {
        const refused = room.mostDispensable(who)
        if (refused === undefined) throw overloaded(FULL)
        end(refused, { error: overloaded(FULL) })
      }
      return await wait(admission, { who, ms, ...(signal === undefined ? {} : { signal }) })
    },
    waits: (lane) => room.has(lane),
    wake() {
      if (wakeDue || room.size === 0) return
      wakeDue = true
      queueMicrotask(serveAll)
    },
    close(reason) {
      for (const waiter of room.all()) end(waiter, { error: reason })
    },
  }
}

function tryToTake<Place>({ take }: Pick<Admission<Place>, 'take'>): Outcome<Place> | undefined {
  try {
    const place = take()
    return place === undefined ? undefined : { place }
  } catch (error) {
    return { error }
  }
}

/** How much the last interval weighs in the average. */
const WEIGHT = 0.2

/** How long it takes, on average, from one who waited being served to the next. */
function createPace(now: () => number) {
  let average: number | undefined
  let before: number | undefined
  return {
    intervalMs: () => average ?? 0,
    served() {
      const at = now()
      if (before !== undefined)
        average = average === undefined ? at - before : average + WEIGHT * (at - before - average)
      before = at
    },
    /** Nobody waits: the time until somebody does again is no interval. */
    pause() {
      before = undefined
    },
  }
}
