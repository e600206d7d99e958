import { EventEmitter, once } from 'node:events'
import { pino } from 'pino'
import type { Logger } from '../../../src/telemetry/logger.ts'

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly file?: string
  readonly key?: string
  readonly reason?: string
}

export interface MemoryLog {
  readonly log: Logger
  readonly lines: readonly LogLine[]
  /** What was warned about, as `file: reason`. */
  warnings(): readonly string[]
  /** Resolves when a line with this message is written from now on. */
  next(message: string): Promise<unknown>
}

export function memoryLog(): MemoryLog {
  const lines: LogLine[] = []
  const written = new EventEmitter()
  const log = pino(
    { level: 'debug', base: null },
    {
      write(text: string) {
        const line = JSON.parse(text) as LogLine
        lines.push(line)
        written.emit(line.msg)
      },
    },
  )
  return {
    log,
    lines,
    warnings: () => lines.flatMap(({ level, file, reason }) => (level === 40 ? [`${file}: ${reason}`] : [])),
    next: (message) => once(written, message),
  }
}
