import type { AbortOptions } from '../../base/signals.ts'
import type { AnswerJournal } from '../journal/answer-journal.ts'
import type { Place } from '../places.ts'
import type { RoutedRequest } from '../routed-request.ts'
import { createLeg } from './leg.ts'
import type { RelayDeps } from './relay-deps.ts'
import { tracedTry } from './traced-try.ts'
import { Track } from './track.ts'

export interface TrackStart {
  readonly request: RoutedRequest
  /** That ids of the answer carry, whoever makes it. */
  readonly home: string
  /** What there is of the answer so far. */
  readonly journal: Pick<AnswerJournal, 'records' | 'compare'>
  readonly signal: AbortSignal | undefined
}

/** Asks the node of the place at once, for the answer from its beginning or for the rest of it. */
export function startTrack(
  { clientTo, now, traceTry }: Pick<RelayDeps, 'clientTo' | 'now' | 'traceTry'>,
  place: Place,
  { request, home, journal, signal }: TrackStart,
): Track {
  const { candidate } = place
  const traced = tracedTry(traceTry, request, place)
  const options: AbortOptions = signal === undefined ? {} : { signal }
  const leg = createLeg(clientTo(candidate.peerId), traced.request, {
    ...{ home, journalled: request.carriesOn === true, resume: journal.records(), onOver: traced.onOver },
    ...options,
  })
  return new Track({ leg, candidate, since: now(), comparison: journal.compare() })
}
