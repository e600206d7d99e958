import type { DatabaseSync } from 'node:sqlite'
import { withoutWaiting } from '../base/open-sqlite.ts'
import { timeLeftMs } from '../base/time-left.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface SpareWritesDeps {
  readonly log: Pick<Logger, 'warn'>
  readonly now: () => number
}

/** Writes that nobody has asked for: a request of somebody who is known is not refused because of one. */
export interface SpareWrites {
  /** All of it is written, or nothing, and then the answer is undefined. Never waits for another writer, never throws. */
  attempt<T>(work: () => T): T | undefined
}

/** A disk that is full, or a writer that keeps the others out, is not asked again with every request. */
const PAUSE_MS = 5000

export function createSpareWrites(database: DatabaseSync, { log, now }: SpareWritesDeps): SpareWrites {
  let pausedUntil = Number.NEGATIVE_INFINITY
  let failing = false
  return {
    attempt(work) {
      if (timeLeftMs(pausedUntil, now(), PAUSE_MS) > 0) return undefined
      try {
        const result = withoutWaiting(database, work)
        failing = false
        return result
      } catch (err) {
        pausedUntil = now() + PAUSE_MS
        if (!failing) log.warn({ err }, 'the accounts cannot be written just now: who is known is let in all the same')
        failing = true
        return undefined
      }
    },
  }
}
