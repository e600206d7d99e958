import type { AbortOptions } from '../base/signals.ts'
import { createProgressPrinter } from './terminal.ts'
import { abortOnSignal } from './until-signal.ts'

/** Says on stderr what takes its time, and lets Ctrl-C end it. */
export async function whileWorking<T>(what: string, work: (options: AbortOptions) => Promise<T>): Promise<T> {
  using interrupted = abortOnSignal()
  const progress = createProgressPrinter()
  progress.show({ what: `${what} …`, current: 0, unit: 'steps' })
  try {
    return await work({ signal: interrupted.signal })
  } finally {
    progress.done()
  }
}
