import { createLogHistory, type LogHistory } from '../telemetry/log-history.ts'
import { createLogger, type LogConfig, type Logger } from '../telemetry/logger.ts'

export type { Logger, LogHistory }

/** The one logger of a process; rooms get children of it. What it says lately is in `history`. */
export function createLog(config: LogConfig): { readonly log: Logger; readonly history: LogHistory } {
  const history = createLogHistory()
  return { log: createLogger(config, history), history }
}
