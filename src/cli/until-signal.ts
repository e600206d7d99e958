import { once } from 'node:events'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { Logger } from '../compose/compose-log.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const SAME_SIGNAL_MS = 500

/** Whoever has no terminal can lose none. Node takes back what `nohup` has set. */
function hasTerminal(): boolean {
  return [0, 1, 2].some((stream) => isatty(stream))
}

/**
 * Calls back at the first signal. At the second one the process exits: whoever sends two wants out now. Ctrl-C goes to all
 * processes of the terminal, and a launcher among them passes it on: what comes at the same time is one signal.
 */
function onFirstSignal(first: (signal: NodeJS.Signals) => void): Disposable {
  let firstAt: number | undefined
  const hear = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGHUP' && !hasTerminal()) return
    if (firstAt === undefined) {
      firstAt = performance.now()
      first(signal)
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(128 + constants.signals[signal])
  }
  for (const signal of SIGNALS) process.on(signal, hear)
  return {
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, hear)
    },
  }
}

/**
 * Runs until a signal ends it (or until the launcher that started this process is gone), stops, and lets the event loop
 * empty. Nobody calls process.exit, except for a second signal.
 */
export async function runUntilSignal(app: Startable & AsyncDisposable, log: Pick<Logger, 'info'>): Promise<void> {
  const interrupted = new AbortController()
  using _signals = onFirstSignal((signal) => {
    log.info({ signal }, 'stopping: what runs may finish first; a second signal ends it at once')
    interrupted.abort()
  })
  const launcherGone = (): void => interrupted.abort()
  process.once('disconnect', launcherGone)
  // It may have gone while there was nothing to end yet. Who was started without a launcher has no such property.
  if (process.connected === false) launcherGone()
  // The launcher's channel must not keep a finished process alive.
  process.channel?.unref()
  try {
    await using running = app
    await running.start({ signal: interrupted.signal })
    if (!interrupted.signal.aborted) await once(interrupted.signal, 'abort')
  } catch (error) {
    if (!interrupted.signal.aborted) throw error
  } finally {
    process.off('disconnect', launcherGone)
    if (process.connected) process.disconnect()
  }
}

/** A signal for work that a person may interrupt with Ctrl-C, and that has something to tidy up then. */
export function abortOnSignal(): Disposable & { readonly signal: AbortSignal } {
  const interrupted = new AbortController()
  const signals = onFirstSignal(() => interrupted.abort(new AppError('request.cancelled', 'interrupted')))
  return { signal: interrupted.signal, [Symbol.dispose]: () => signals[Symbol.dispose]() }
}
