import { isObject } from '../base/json.ts'
import type { AbortOptions } from '../base/signals.ts'

/** From the loudest to the quietest, as pino numbers them. */
const LEVELS = { fatal: 60, error: 50, warn: 40, info: 30, debug: 20, trace: 10 } as const
export type LogLevel = keyof typeof LEVELS

/** One line of the log, as it went out: what the log hides is hidden here. */
export interface LogEntry {
  /** Counts up from 1 while the process lives. */
  readonly id: number
  readonly unixMs: number
  readonly level: LogLevel
  readonly room?: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface LogFilter {
  /** This level and those louder. */
  readonly level?: LogLevel | undefined
  readonly room?: string | undefined
  /** Stands somewhere in the line, in upper or lower case. */
  readonly text?: string | undefined
}

/** The last lines of this process's log. */
export interface LogHistory {
  /** To be called by the log, with each line as pino writes it. On the way of each request. */
  take(line: string): void
  /** The newest `limit` of those that fit, oldest first. */
  list(filter: LogFilter, limit: number): readonly LogEntry[]
  /** The rooms that have said something lately, in the order of the alphabet. */
  rooms(): readonly string[]
  /** How many watch. */
  readonly watchers: number
  /** Those that fit and come after `afterId`, until the signal aborts. A reader that does not keep up misses what is forgotten. */
  watch(filter: LogFilter, afterId: number, options?: AbortOptions): AsyncIterable<LogEntry>
}

export interface LogHistoryInit {
  readonly maxLines: number
  /** Of all lines together, in characters. */
  readonly maxLength: number
}

export const LOG_HISTORY_DEFAULTS: LogHistoryInit = { maxLines: 5000, maxLength: 4 * 1024 ** 2 }

/** Of a longer line only its message is kept, and of that no more than this. */
const LONGEST_LINE = 16 * 1024
const LONGEST_MESSAGE = 4096

export function createLogHistory({ maxLines, maxLength }: LogHistoryInit = LOG_HISTORY_DEFAULTS): LogHistory {
  /** Read only when somebody looks: nearly nobody does. */
  const lines: string[] = []
  const wakers = new Set<() => void>()
  let first = 1
  let length = 0

  function forgetOldest(): void {
    length -= lines.shift()?.length ?? 0
    first += 1
  }

  function entriesFrom(id: number): LogEntry[] {
    const skipped = Math.max(0, id - first)
    return lines.slice(skipped).map((line, index) => toEntry(line, first + skipped + index))
  }

  async function* watch(filter: LogFilter, afterId: number, signal?: AbortSignal): AsyncGenerator<LogEntry, void> {
    const fits = createTest(filter)
    let next = afterId + 1
    let wake = (): void => {}
    const wakeUp = (): void => wake()
    wakers.add(wakeUp)
    signal?.addEventListener('abort', wakeUp, { once: true })
    try {
      while (signal?.aborted !== true) {
        const come = new Promise<void>((resolve) => {
          wake = resolve
        })
        const entries = entriesFrom(next)
        next = first + lines.length
        for (const entry of entries) if (fits(entry)) yield entry
        if (next === first + lines.length) await come
      }
    } finally {
      signal?.removeEventListener('abort', wakeUp)
      wakers.delete(wakeUp)
    }
  }

  return {
    take(line) {
      const kept = line.length > LONGEST_LINE ? shortened(line) : line
      lines.push(kept)
      length += kept.length
      while (lines.length > maxLines || length > maxLength) forgetOldest()
      for (const wake of wakers) wake()
    },
    list: (filter, limit) => entriesFrom(first).filter(createTest(filter)).slice(-limit),
    rooms() {
      const named = entriesFrom(first).flatMap(({ room }) => (room === undefined ? [] : [room]))
      return [...new Set(named)].toSorted()
    },
    get watchers() {
      return wakers.size
    },
    watch: (filter, afterId, { signal } = {}) => watch(filter, afterId, signal),
  }
}

function createTest({ level = 'trace', room, text }: LogFilter): (entry: LogEntry) => boolean {
  const wanted = text?.toLowerCase()
  return (entry) =>
    LEVELS[entry.level] >= LEVELS[level] &&
    (room === undefined || entry.room === room) &&
    (wanted === undefined || textOf(entry).includes(wanted))
}

function textOf({ message, fields }: LogEntry): string {
  return `${message} ${JSON.stringify(fields)}`.toLowerCase()
}

function toEntry(line: string, id: number): LogEntry {
  const { level, time, room, msg, ...fields } = parsed(line)
  return {
    id,
    unixMs: typeof time === 'number' ? time : 0,
    level: levelOf(level),
    ...(typeof room === 'string' ? { room } : {}),
    message: typeof msg === 'string' ? msg : '',
    fields,
  }
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(line)
  return isObject(value) ? value : {}
}

/** Of pino's number. */
export function levelOf(number: unknown): LogLevel {
  const names = Object.keys(LEVELS) as LogLevel[]
  return names.find((name) => LEVELS[name] === number) ?? 'info'
}

function shortened(line: string): string {
  const { level, time, room, msg } = parsed(line)
  const message = `${String(msg).slice(0, LONGEST_MESSAGE)} (of a line with ${line.length} characters)`
  return JSON.stringify({ level, time, room, msg: message })
}
