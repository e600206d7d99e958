import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'

/** Most that wait, whoever they are. */
const MAX_WAITING = 64

export interface WaitingUser {
  readonly peerId: string
  readonly model: string
  readonly sinceUnixMs: number
}

/**
 * One user at a time. Those that wait are served in the order in which they came, and no peer waits twice: so each gets a
 * turn before one gets a second, however often it asks.
 */
export interface LeaseQueue {
  /**
   * Waits for the turn, which lasts until it is disposed. Throws `worker.busy` when it does not come in `waitMs`, when the
   * peer waits already, or when too many do; and the signal's reason.
   */
  take(
    user: { readonly peerId: string; readonly model: string; readonly waitMs: number },
    options: AbortOptions,
  ): Promise<Disposable & { readonly waitedMs: number }>
  /** Has a user now. */
  readonly busy: boolean
  waiting(): readonly WaitingUser[]
  /** All that wait get this, and so does everyone who comes from now on, until `open`. */
  close(reason: AppError): void
  open(): void
}

interface Place extends WaitingUser {
  readonly turn: PromiseWithResolvers<void>
}

export function createLeaseQueue(): LeaseQueue {
  const places = new Set<Place>()
  let taken = false
  let closed: AppError | undefined

  function next(): void {
    if (taken) return
    for (const place of places) {
      places.delete(place)
      taken = true
      place.turn.resolve()
      return
    }
  }

  function giveBack(): Disposable {
    let over = false
    return {
      [Symbol.dispose]() {
        if (over) return
        over = true
        taken = false
        next()
      },
    }
  }

  function refuse(peerId: string, waitMs: number): AppError | undefined {
    if (closed !== undefined) return closed
    if (!taken && places.size === 0) return undefined
    if (waitMs <= 0) return busy('the worker serves somebody else')
    if ([...places].some((place) => place.peerId === peerId)) return busy('this node waits for the worker already')
    if (places.size >= MAX_WAITING) return busy(`${places.size} others wait for the worker`)
    return undefined
  }

  return {
    async take({ peerId, model, waitMs }, { signal }) {
      signal?.throwIfAborted()
      const refusal = refuse(peerId, waitMs)
      if (refusal !== undefined) throw refusal
      const startedAt = performance.now()
      const place: Place = { peerId, model, sinceUnixMs: Date.now(), turn: Promise.withResolvers<void>() }
      places.add(place)
      next()
      if (places.has(place)) await wait(place, { waitMs, signal })
      const turn = giveBack()
      return { waitedMs: Math.round(performance.now() - startedAt), [Symbol.dispose]: () => turn[Symbol.dispose]() }
    },
    get busy() {
      return taken
    },
    waiting: () => [...places].map(({ peerId, model, sinceUnixMs }) => ({ peerId, model, sinceUnixMs })),
    close(reason) {
      closed = reason
      for (const place of places) place.turn.reject(reason)
      places.clear()
    },
    open() {
      closed = undefined
    },
  }

  /** Whoever gives up has no place any more, so the turn cannot come to it afterwards. */
  async function wait(
    place: Place,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    const leave = (reason: unknown): void => {
      if (places.delete(place)) place.turn.reject(reason)
    }
    const onAbort = (): void => leave(signal?.reason)
    const timer = setTimeout(() => leave(busy('the worker did not become free in time')), waitMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await place.turn.promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

function busy(message: string): AppError {
  return new AppError('worker.busy', message)
}
