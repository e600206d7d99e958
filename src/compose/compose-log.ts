import { createLogger, type LogConfig, type Logger } from '../telemetry/logger.ts'

export type { Logger }

/** The one logger of a process; rooms get children of it. */
export function createLog(config: LogConfig): Logger {
  return createLogger(config)
}
