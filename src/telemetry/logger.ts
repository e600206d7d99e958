import { type DestinationStream, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export type { Logger }

export interface LogConfig {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  /** `default`: coloured on a terminal, plain lines otherwise; `json`: one object a line. */
  readonly format: 'default' | 'text' | 'json'
}

/** Whatever a caller logs under these names never reaches the output. */
const SECRET_FIELDS = ['token', '*.token', 'apiKey', '*.apiKey', 'authorization', '*.authorization', 'headers.cookie']

/** Logs go to stderr: stdout belongs to what a command prints. Rooms get a child: `log.child({ room: 'api' })`. */
export function createLogger(config: LogConfig): Logger {
  const options = { level: config.level, base: null, redact: { paths: SECRET_FIELDS, censor: '[hidden]' } }
  return pino(options, destination(config.format))
}

function destination(format: LogConfig['format']): DestinationStream {
  if (format === 'json') return pino.destination({ dest: 2, sync: true })
  const colorize = format === 'default' && process.stderr.isTTY === true
  return pretty({
    destination: 2,
    sync: true,
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'room',
    singleLine: true,
    messageFormat: '{if room}[{room}] {end}{msg}',
  })
}
