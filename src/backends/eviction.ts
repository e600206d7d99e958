/** A model in memory, as far as making room is concerned. */
export interface Occupant {
  readonly id: string
  readonly phase: 'starting' | 'ready' | 'stopping'
  readonly inFlight: number
  /** When a request last began or ended. */
  readonly lastUsed: number
}

export interface RoomLimits {
  /** 0: no limit. */
  readonly maxActive: number
  /** A model that is answering may go too. */
  readonly force: boolean
}

export type RoomDecision =
  | { readonly type: 'room' }
  /** These should go, least recently used first; then there is room. */
  | { readonly type: 'evict'; readonly ids: readonly string[] }
  /** Nobody may go now: ask again when something has changed. */
  | { readonly type: 'wait' }

/** Whether one more model may be loaded beside `occupants`, and who has to go for it. Pure. */
export function makeRoom(occupants: readonly Occupant[], limits: RoomLimits): RoomDecision {
  if (limits.maxActive <= 0) return { type: 'room' }
  const leaving = occupants.filter((occupant) => occupant.phase === 'stopping').length
  const excess = occupants.length - limits.maxActive + 1
  if (excess <= 0) return { type: 'room' }
  // Those on their way out make room without our help.
  const wanted = excess - leaving
  if (wanted <= 0) return { type: 'wait' }
  const candidates = occupants
    .filter((occupant) => occupant.phase === 'ready' && (occupant.inFlight === 0 || limits.force))
    .toSorted((left, right) => busyLast(left) - busyLast(right) || left.lastUsed - right.lastUsed)
  const ids = candidates.slice(0, wanted).map((occupant) => occupant.id)
  return ids.length === 0 ? { type: 'wait' } : { type: 'evict', ids }
}

function busyLast(occupant: Occupant): number {
  return occupant.inFlight > 0 ? 1 : 0
}
