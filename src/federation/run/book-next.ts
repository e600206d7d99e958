import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Place, Search } from '../places.ts'
import type { RoutedRequest } from '../routed-request.ts'
import type { RelayDeps } from './relay-deps.ts'

export interface NextPlace extends AbortOptions {
  readonly request: RoutedRequest
  readonly search: () => Search
  /** When it is too late, by `now`. */
  readonly until: number
  /** Throws when nobody waits for it any more. */
  readonly stillWanted: () => void
  /** Something has changed: who was asked may be asked again. */
  readonly again: () => void
  readonly gaveUp: (code: AppError['code']) => void
}

/** A place at a node that can go on with an answer; waits for one to come, or to come back. */
export async function bookNext(
  { places, changed, now }: Pick<RelayDeps, 'places' | 'changed' | 'now'>,
  { request, search, until, stillWanted, again, gaveUp, ...options }: NextPlace,
): Promise<Place> {
  for (;;) {
    try {
      return await places.book(request, search(), options)
    } catch (error) {
      stillWanted()
      const left = until - now()
      if (left <= 0) {
        gaveUp(AppError.from(error, 'internal').code)
        throw error
      }
      await changed(left, options)
      again()
    }
  }
}
