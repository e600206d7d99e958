import type { Dispatcher } from 'undici'
import type { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Place, Places } from '../places.ts'
import type { RoutedRequest } from '../routed-request.ts'
import type { RoutingEvents } from '../routing-events.ts'
import type { Paces } from './paces.ts'
import type { TraceTry } from './traced-try.ts'

export interface RelayDeps {
  readonly places: Pick<Places, 'book' | 'tryBook' | 'anyLeft' | 'likenessOf'>
  readonly clientTo: (peerId: string) => Dispatcher
  /** Absent: no traces are made. */
  readonly traceTry?: TraceTry | undefined
  readonly events: RoutingEvents
  readonly paces: Paces
  readonly now: () => number
  readonly mayRetry: () => boolean
  readonly mayHedge: () => boolean
  /** Resolves when the nodes are others than before, or after that long. */
  readonly changed: (withinMs: number, options: AbortOptions) => Promise<void>
  /** Why nothing new begins here. */
  readonly stopping: () => AppError | undefined
}

export interface RelayInit {
  /** Times a request is sent somewhere before the client sees anything, the first included. */
  readonly maxTries: number
  /** No further try begins later than this after the request came; one that runs goes on. */
  readonly retryWithinMs: number
  /** Times that one answer may change its node midway. */
  readonly maxSeams: number
  /** An answer counts as stalled after some of its usual gaps, and never earlier than this. */
  readonly leastStallMs: number
  /** How long an answer that has lost its node waits for another one that can carry it on. */
  readonly carryOnWithinMs: number
}

/** What an answer has for whoever waits for it. */
export type Shown =
  | { readonly kind: 'local'; readonly place: Place }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'end' }

export interface RelayFacts extends AbortOptions {
  readonly request: RoutedRequest
  /** When it came, on the router's clock. */
  readonly began: number
}
