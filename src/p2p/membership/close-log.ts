import { NewestMap } from '../../base/newest-map.ts'
import type { Logger } from '../../telemetry/logger.ts'

/** Tells why links were closed; of one peer as a warning at most once a minute, so that it cannot fill the log. */
export interface CloseLog {
  note(peerId: string, reason: string): void
}

const QUIET_MS = 60_000
/** More peers than there can be links: what is older is forgotten. */
const MAX_PEERS = 1024

export function createCloseLog(
  log: Pick<Logger, 'debug' | 'warn'>,
  now: () => number = () => performance.now(),
): CloseLog {
  const warnedAt = new NewestMap<string, number>(MAX_PEERS)
  return {
    note(peerId, reason) {
      const isQuiet = now() - (warnedAt.get(peerId) ?? -Infinity) < QUIET_MS
      log[isQuiet ? 'debug' : 'warn']({ peer: peerId, reason }, 'a link was closed')
      if (!isQuiet) warnedAt.set(peerId, now())
    },
  }
}
