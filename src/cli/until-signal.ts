import { once } from 'node:events'
import type { Startable } from '../base/lifecycle.ts'
import type { Logger } from '../compose/compose-log.ts'

const SAME_SIGNAL_MS = 500

/**
 * Runs until SIGINT or SIGTERM (or until the launcher that started this process is gone), stops, and lets the event loop
 * empty. Nobody calls process.exit, except for a second signal: whoever sends two wants out now. Ctrl-C goes to all
 * processes of the terminal, and a launcher among them passes it on: what comes at the same time is one signal.
 */
export async function runUntilSignal(app: Startable & AsyncDisposable, log: Pick<Logger, 'info'>): Promise<void> {
  const interrupted = new AbortController()
  let firstAt = 0
  const abort = (signal: NodeJS.Signals): void => {
    if (!interrupted.signal.aborted) {
      firstAt = performance.now()
      log.info({ signal }, 'stopping: what runs may finish first; a second signal ends it at once')
      interrupted.abort()
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  const launcherGone = (): void => interrupted.abort()
  process.on('SIGINT', abort)
  process.on('SIGTERM', abort)
  process.on('SIGHUP', abort)
  process.once('disconnect', launcherGone)
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
    process.off('SIGINT', abort)
    process.off('SIGTERM', abort)
    process.off('SIGHUP', abort)
    if (process.connected) process.disconnect()
  }
}

/** A signal for work that a person may interrupt with Ctrl-C. A second Ctrl-C ends the process. */
export function abortOnSignal(): Disposable & { readonly signal: AbortSignal } {
  const interrupted = new AbortController()
  const abort = (): void => interrupted.abort(new Error('interrupted'))
  process.once('SIGINT', abort)
  process.once('SIGTERM', abort)
  return {
    signal: interrupted.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', abort)
      process.off('SIGTERM', abort)
    },
  }
}
