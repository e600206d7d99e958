import { format } from 'node:util'
import type { ComponentLogger, Logger as LibraryLogger } from '@libp2p/interface'
import type { Logger } from '../../telemetry/logger.ts'

/** The levels of `LOCALAI_P2P_LIB_LOGLEVEL`; the library itself knows three: errors, steps and traces. */
export const LIBRARY_LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] as const
export type LibraryLogLevel = (typeof LIBRARY_LOG_LEVELS)[number]

/**
 * libp2p's own words in our log, at `debug` and below: to the library a peer that is not there is an error, to a node it
 * is everyday life. From `dpanic` on nothing is formatted at all: the library logs per frame.
 */
export function libraryLog(log: Pick<Logger, 'debug' | 'trace'>, level: LibraryLogLevel): ComponentLogger {
  const rank = LIBRARY_LOG_LEVELS.indexOf(level)
  const says = {
    errors: rank <= LIBRARY_LOG_LEVELS.indexOf('error'),
    steps: rank <= LIBRARY_LOG_LEVELS.indexOf('debug'),
    traces: rank <= LIBRARY_LOG_LEVELS.indexOf('trace'),
  }
  function forComponent(name: string): LibraryLogger {
    const at = (write: 'debug' | 'trace', wanted: boolean) =>
      wanted
        ? (template: unknown, ...values: unknown[]) => log[write]({ component: name }, render(template, values))
        : () => {}
    return Object.assign(at('debug', says.steps), {
      error: at('debug', says.errors),
      trace: at('trace', says.traces),
      enabled: says.steps,
      newScope: (scope: string) => forComponent(`${name}:${scope}`),
    })
  }
  return { forComponent }
}

/** The library's own placeholders (%p a peer id, %a an address, %e an error, …) print as the value's text. */
function render(template: unknown, values: readonly unknown[]): string {
  const text = String(template).replaceAll(/%[abcdefkpt]/g, '%s')
  return format(text, ...values.map((value) => (value instanceof Error ? value.message : String(value))))
}
