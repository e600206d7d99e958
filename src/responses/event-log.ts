import { AppError } from '../base/errors.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'
import type { EventText } from './events.ts'

export interface EventLogsInit {
  /** Events of one stream; beyond, the oldest are forgotten. */
  readonly maxEvents: number
  /** Characters of all streams together: those that ended long ago are forgotten first. */
  readonly maxTotalLength: number
}

/** The events of streams that may be read again, and by several readers, also while they grow. In memory only. */
export interface EventLogs {
  begin(id: string): void
  append(id: string, event: EventText): void
  /** Nothing more will come; readers are let go after the last event. */
  end(id: string): void
  forget(id: string): void
  /**
   * All events after the one with this number (-1: from the first), then those to come, until the end.
   * Throws `request.conflict` as soon as one that is due is no longer there.
   */
  read(id: string, after: number, options?: AbortOptions): AsyncGenerator<EventText, void>
}

interface Log {
  events: EventText[]
  /** Number of the first event that is still there. */
  first: number
  length: number
  ended: boolean
  changed: PromiseWithResolvers<void>
}

export function createEventLogs({ maxEvents, maxTotalLength }: EventLogsInit): EventLogs {
  const logs = new Map<string, Log>()
  let total = 0

  function drop(log: Log, count: number): void {
    const dropped = log.events.splice(0, count)
    const length = dropped.reduce((sum, { json }) => sum + json.length, 0)
    log.first += dropped.length
    log.length -= length
    total -= length
  }

  function makeRoom(own: Log): void {
    if (own.events.length > maxEvents) drop(own, own.events.length - maxEvents)
    for (const [id, log] of logs) {
      if (total <= maxTotalLength) return
      if (!log.ended) continue
      drop(log, log.events.length)
      logs.delete(id)
    }
    while (total > maxTotalLength && own.events.length > 1) drop(own, 1)
  }

  function wake(log: Log): void {
    const { changed } = log
    log.changed = Promise.withResolvers()
    changed.resolve()
  }

  return {
    begin(id) {
      logs.set(id, { events: [], first: 0, length: 0, ended: false, changed: Promise.withResolvers() })
    },
    append(id, event) {
      const log = logs.get(id)
      if (log === undefined || log.ended) return
      log.events.push(event)
      log.length += event.json.length
      total += event.json.length
      makeRoom(log)
      wake(log)
    },
    end(id) {
      const log = logs.get(id)
      if (log === undefined) return
      log.ended = true
      wake(log)
    },
    forget(id) {
      const log = logs.get(id)
      if (log === undefined) return
      log.ended = true
      drop(log, log.events.length)
      logs.delete(id)
      wake(log)
    },
    async *read(id, after, { signal } = {}) {
      const log = logs.get(id)
      if (log === undefined) throw gone()
      for (let next = Math.max(0, after + 1); ; ) {
        signal?.throwIfAborted()
        if (next < log.first) throw gone()
        const event = log.events[next - log.first]
        if (event !== undefined) {
          next += 1
          yield event
        } else if (log.ended) return
        else await raceSignal(log.changed.promise, signal)
      }
    },
  }
}

function gone(): AppError {
  return new AppError(
    'request.conflict',
    'the events after starting_after are no longer kept: read the response itself instead',
    { details: { param: 'starting_after' } },
  )
}
