import type { Drain } from '../api/localai/drain.ts'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface DrainDeps {
  readonly log: Pick<Logger, 'info'>
  readonly running: () => number
  /** Tells the others, at once. */
  readonly changed: () => void
}

/** Its end is the beginning of the node's end: from then on the node drains, and nothing takes that back. */
export function createDrain({ log, running, changed }: DrainDeps): Drain & Startable {
  let draining = false
  let stopping = false

  function set(value: boolean): void {
    if (draining === value) return
    draining = value
    changed()
  }

  return {
    get draining() {
      return draining
    },
    running,
    begin() {
      if (!draining) log.info({ running: running() }, 'draining: nothing new is begun here')
      set(true)
    },
    undo() {
      if (stopping) throw new AppError('node.stopping', 'the node is shutting down')
      if (draining) log.info('the node takes new requests again')
      set(false)
    },
    start: async () => {},
    async stop() {
      stopping = true
      set(true)
    },
  }
}
