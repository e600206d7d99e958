import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Logger } from '../telemetry/logger.ts'

export type Job = (options: Required<AbortOptions>) => Promise<void>

/**
 * Work that goes on while the node already serves: one job after the other. A job that fails is logged, and the next one
 * runs; stopping aborts the running one and waits for it.
 */
export function inBackground(deps: { readonly log: Logger }, jobs: readonly Job[]): Startable {
  const stopping = new AbortController()
  let running: Promise<void> | undefined

  async function runAll(): Promise<void> {
    for (const job of jobs) {
      if (stopping.signal.aborted) return
      try {
        await job({ signal: stopping.signal })
      } catch (error) {
        if (stopping.signal.aborted) continue
        // What was foreseen needs no stack to be understood.
        if (error instanceof AppError) deps.log.warn({ code: error.code }, error.message)
        else deps.log.warn({ err: error }, (error as Error).message)
      }
    }
  }

  return {
    async start() {
      running = runAll()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
