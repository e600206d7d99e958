import { type DestinationStream, type Logger, pino } from 'pino'
import type { LogHistory } from './log-history.ts'
import { createLogOutput } from './log-output.ts'
import { createTextLines } from './text-lines.ts'

export type { Logger }

export interface LogConfig {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  /** `default`: coloured on a terminal, plain lines otherwise; `json`: one object a line. */
  readonly format: 'default' | 'text' | 'json'
}

/** Whatever a caller logs under these names, or one level below, never reaches the output. */
const SECRET_FIELDS: ReadonlySet<string> = new Set(['token', 'apiKey', 'authorization', 'password', 'cookie'])
const HIDDEN = '[hidden]'

/**
 * Logs go to stderr: stdout belongs to what a command prints. Rooms get a child: `log.child({ room: 'api' })`; a
 * child without a level of its own has that of its parent, also when it changes. `history` is given every line as well.
 */
export function createLogger(config: LogConfig, history?: Pick<LogHistory, 'take'>): Logger {
  const options = { level: config.level, base: null, formatters: { log: (fields: object) => withoutSecrets(fields) } }
  const output = destination(config.format, (lines) => log.warn({ lines }, 'lines of the log could not be written'))
  const log: Logger = pino(options, {
    write(line) {
      history?.take(line)
      output.write(line)
    },
  })
  return log
}

function destination(format: LogConfig['format'], onLost: (lines: number) => void): DestinationStream {
  const output = createLogOutput({ onLost })
  if (format === 'json') return output
  const toText = createTextLines({ colours: format === 'default' && process.stderr.isTTY === true })
  return { write: (line) => output.write(toText(line)) }
}

/**
 * A copy where something has to be hidden, else the object itself: nearly every line has nothing to hide. On the way of each
 * request; measured by bench/request-parts.ts.
 */
export function withoutSecrets(fields: object, depth = 0): Record<string, unknown> {
  let shown = fields as Record<string, unknown>
  for (const name in fields) {
    const value = shown[name]
    const safe = safeValue(name, value, depth)
    if (safe === value) continue
    if (shown === fields) shown = { ...fields }
    shown[name] = safe
  }
  return shown
}

function safeValue(name: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null) return value
  if (SECRET_FIELDS.has(name)) return HIDDEN
  return depth === 0 && typeof value === 'object' ? withoutSecrets(value, depth + 1) : value
}
