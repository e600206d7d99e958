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
  return new Watch(request, events)
}

class Watch implements SeamWatch {
  readonly #request: RoutedRequest
  readonly #events: Pick<RoutingEvents, 'seam'>
  #seam: Omit<Seam, 'pauseMs'> | undefined
  #count = 0

  constructor(request: RoutedRequest, events: Pick<RoutingEvents, 'seam'>) {
    this.#request = request
    this.#events = events
  }

  get count(): number {
    return this.#count
  }

  get open(): boolean {
    return this.#seam !== undefined
  }

  begin(
    { candidate: { peerId, name } }: Track,
    cause: Seam['cause'],
    { tokens, sentBytes }: Pick<Seam, 'tokens' | 'sentBytes'>,
  ): void {
    this.#count += 1
    this.#seam ??= { from: { peerId, name }, cause, tokens, sentBytes }
  }

  close({ candidate: { peerId, name } }: Track, pauseMs: number): boolean {
    if (this.#seam === undefined) return false
    this.#events.seam(this.#request, { ...this.#seam, to: { peerId, name }, pauseMs })
    this.#seam = undefined
    return true
  }

  giveUp(code: NonNullable<Seam['code']>, pauseMs: number): void {
    if (this.#seam === undefined) return
    this.#events.seam(this.#request, { ...this.#seam, pauseMs, code })
    this.#seam = undefined
  }
}
