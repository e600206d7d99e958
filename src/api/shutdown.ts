import { AppError } from '../base/errors.ts'
import { LONGEST_TIMER_MS } from '../base/longest-timer.ts'

/** What is still open this long after the running requests were told to end is cut. */
const CUT_AFTER_MS = 1000

/** The end of an HTTP face, in three steps: nothing new, then no more patience, then the sockets. */
export interface Shutdown {
  /** Aborts at the first step: whoever only watches waits for nothing that would end. */
  readonly begun: AbortSignal
  /** Aborts when the running requests have had their time. */
  readonly giveUp: AbortSignal
  stopping(): boolean
  /** Runs once, however often it is called; ends when `close` does. */
  run(steps: { readonly close: () => Promise<void>; readonly cut: () => void }): Promise<void>
}

export function createShutdown(init: { readonly timeoutMs: number }): Shutdown {
  const timeoutMs = Math.min(init.timeoutMs, LONGEST_TIMER_MS - CUT_AFTER_MS)
  const begun = new AbortController()
  const giveUp = new AbortController()
  let stopped: Promise<void> | undefined

  async function shutDown({ close, cut }: Parameters<Shutdown['run']>[0]): Promise<void> {
    const reason = new AppError('node.stopping', 'the node is shutting down')
    begun.abort(reason)
    const timers = [setTimeout(() => giveUp.abort(reason), timeoutMs), setTimeout(cut, timeoutMs + CUT_AFTER_MS)]
    try {
      await close()
    } finally {
      for (const timer of timers) clearTimeout(timer)
    }
  }

  return {
    begun: begun.signal,
    giveUp: giveUp.signal,
    stopping: () => stopped !== undefined,
    run(steps) {
      stopped ??= shutDown(steps)
      return stopped
    },
  }
}
