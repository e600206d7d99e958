import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Startable } from '../base/lifecycle.ts'
import type { Logger } from './logger.ts'

/** Times between the ticks of a timer, in nanoseconds. */
export type TickTimes = Pick<ELDHistogram, 'count' | 'percentile' | 'enable' | 'disable' | 'reset'>

export interface LoopWatchDeps {
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** By default of this process. */
  readonly openTicks?: () => TickTimes
}

export interface LoopWatchInit {
  /** Half of what waits for the event loop waits longer than this when the process is late; 0: it never is. */
  readonly limitMs: number
}

/** Whether this process comes too late to its own work: it has more of it than one core can do. */
export interface LoopWatch extends Startable {
  readonly late: boolean
  /** Decides by what was seen since the last look, when that is enough; the timer does so every few seconds. */
  look(): void
}

/** How often the timer ticks whose lateness is measured. Node's own, outside of JavaScript; each tick wakes the process. */
export const TICK_MS = 100
const LOOK_EVERY_MS = 5000
/** Fewer say nothing: one may be a machine that slept, or a large file that was read in one go. */
const LEAST_TICKS = 5

/**
 * Late when half of the ticks come later than the limit, and in time again when they come within half of it: a process
 * near the limit must not change its mind every few seconds. Pure.
 */
export function isLate(before: boolean, medianMs: number, limitMs: number): boolean {
  return medianMs > (before ? limitMs / 2 : limitMs)
}

export function createLoopWatch(
  { log, openTicks = () => monitorEventLoopDelay({ resolution: TICK_MS }) }: LoopWatchDeps,
  { limitMs }: LoopWatchInit,
): LoopWatch {
  let late = false
  let ticks: TickTimes | undefined
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    // A loop that is very late ticks seldom: the window grows until it has enough.
    if (ticks === undefined || ticks.count < LEAST_TICKS) return
    const medianMs = Math.max(0, Math.round(ticks.percentile(50) / 1e6 - TICK_MS))
    ticks.reset()
    const before = late
    late = isLate(before, medianMs, limitMs)
    if (late && !before) log.warn({ medianMs, limitMs }, 'behind with the work: new inference requests are refused')
    if (before && !late) log.info({ medianMs, limitMs }, 'no longer behind: new inference requests are taken again')
  }

  return {
    get late() {
      return late
    },
    look,
    async start() {
      if (limitMs === 0) return
      ticks ??= openTicks()
      ticks.enable()
      timer ??= setInterval(look, LOOK_EVERY_MS).unref()
    },
    async stop() {
      clearInterval(timer)
      timer = undefined
      ticks?.disable()
      ticks = undefined
      late = false
    },
  }
}
