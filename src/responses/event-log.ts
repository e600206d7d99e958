import { AppError } from '../base/errors.ts'
import { holdsMost } from '../base/fair-share.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'
import type { EventText } from './events.ts'

export interface EventLogsInit {
  /** Events of one stream; beyond, the oldest are forgotten. */
  readonly maxEvents: number
  /** Characters of all streams together; beyond, whoever has the most loses those that ended long ago first. */
  readonly maxTotalLength: number
}

/** The events of streams that may be read again, and by several readers, also while they grow. In memory only. */
export interface EventLogs {
  /** Takes the place of an older stream of the same name, whose readers are let go. */
  begin(id: string, owner: string | null): EventWriter
  forget(id: string): void
  /**
   * All events after the one with this number (-1: from the first), then those to come, until the end.
   * Throws `request.conflict` as soon as one that is due is no longer there.
   */
  read(id: string, after: number, options?: AbortOptions): AsyncGenerator<EventText, void>
}

/** One stream. What is written after it has ended, was forgotten or begun anew is written nowhere. */
export interface EventWriter {
  append(event: EventText): void
  /** Nothing more will come; readers are let go after the last event. */
  end(): void
}

interface Log {
  readonly owner: string | null
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
    while (total > maxTotalLength) {
      const leaving = firstToLeave(logs)
      if (leaving === undefined) return
      const [id, log] = leaving
      drop(log, log.ended ? log.events.length : 1)
      if (log.ended) logs.delete(id)
    }
  }

  function wake(log: Log): void {
    const { changed } = log
    log.changed = Promise.withResolvers()
    changed.resolve()
  }

  function forget(id: string): void {
    const log = logs.get(id)
    if (log === undefined) return
    log.ended = true
    drop(log, log.events.length)
    logs.delete(id)
    wake(log)
  }

  return {
    begin(id, owner) {
      forget(id)
      const log: Log = { owner, events: [], first: 0, length: 0, ended: false, changed: Promise.withResolvers() }
      logs.set(id, log)
      return {
        append(event) {
          if (log.ended) return
          log.events.push(event)
          log.length += event.json.length
          total += event.json.length
          makeRoom(log)
          wake(log)
        },
        end() {
          log.ended = true
          wake(log)
        },
      }
    },
    forget,
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

/** Of whoever has the most: the stream that ended first, else the longest, which loses its beginning. */
function firstToLeave(logs: ReadonlyMap<string, Log>): readonly [id: string, log: Log] | undefined {
  const things = [...logs.values()].map((log) => ({ owner: log.owner, amount: log.length, mayGo: mayGive(log) }))
  const owner = holdsMost(things)
  let first: readonly [id: string, log: Log] | undefined
  for (const entry of logs) {
    const [, log] = entry
    if (log.owner !== owner || !mayGive(log)) continue
    if (log.ended) return entry
    if (first === undefined || log.length > first[1].length) first = entry
  }
  return first
}

/** The event that has just come stays, however long it is. */
function mayGive({ ended, events }: Log): boolean {
  return ended || events.length > 1
}

function gone(): AppError {
  return new AppError(
    'request.conflict',
    'the events after starting_after are no longer kept: read the response itself instead',
    { details: { param: 'starting_after' } },
  )
}
