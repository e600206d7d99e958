import type { RoutedRequest } from '../routed-request.ts'
import type { RoutingEvents, Seam } from '../routing-events.ts'
import type { Track } from './track.ts'

/** The place where an answer changes its node: open from the loss until somebody goes on. */
export interface SeamWatch {
  /** How many there were so far, open ones included. */
  readonly count: number
  readonly open: boolean
  begin(from: Track, cause: Seam['cause'], soFar: Pick<Seam, 'tokens' | 'sentBytes'>): void
  /** Somebody goes on. True when a seam was open. */
  close(to: Track, pauseMs: number): boolean
  /** Nobody can. */
  giveUp(code: NonNullable<Seam['code']>, pauseMs: number): void
}

export function createSeamWatch(request: RoutedRequest, events: Pick<RoutingEvents, 'seam'>): SeamWatch {
  let seam: Omit<Seam, 'pauseMs'> | undefined
  let count = 0
  return {
    get count() {
      return count
    },
    get open() {
      return seam !== undefined
    },
    begin({ candidate: { peerId, name } }, cause, { tokens, sentBytes }) {
      count += 1
      seam ??= { from: { peerId, name }, cause, tokens, sentBytes }
    },
    close({ candidate: { peerId, name } }, pauseMs) {
      if (seam === undefined) return false
      events.seam(request, { ...seam, to: { peerId, name }, pauseMs })
      seam = undefined
      return true
    },
    giveUp(code, pauseMs) {
      if (seam === undefined) return
      events.seam(request, { ...seam, pauseMs, code })
      seam = undefined
    },
  }
}
