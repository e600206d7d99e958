import type { AbortOptions } from './signals.ts'

/** A part with a life. Making it does nothing; `stop` may be called any number of times and after a failed start. */
export interface Startable {
  start(options?: AbortOptions): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts the parts in order and, on close or on a failed start, stops what had started in reverse.
 * A part may therefore rely on every part listed before it, while running and while stopping.
 */
export function lifecycle(parts: readonly Startable[]): Startable & AsyncDisposable {
  const started: Startable[] = []
  async function stop(): Promise<void> {
    const failures: unknown[] = []
    for (let part = started.pop(); part !== undefined; part = started.pop()) {
      try {
        await part.stop()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not stop cleanly')
  }
  return {
    async start(options = {}) {
      try {
        for (const part of parts) {
          options.signal?.throwIfAborted()
          started.push(part)
          await part.start(options)
        }
      } catch (error) {
        await stop().catch(() => {})
        throw error
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
