/** A model in memory, as far as making room is concerned. */
export interface Occupant {
  readonly id: string
  readonly phase: 'starting' | 'ready' | 'stopping'
  readonly inFlight: number
  /** When a request last began or ended. */
  readonly lastUsed: number
  /** Never goes for another model. */
  readonly pinned: boolean
  /** No two models of one group are in memory together. */
  readonly groups: readonly string[]
}

export interface RoomLimits {
  /** 0: no limit. */
  readonly maxActive: number
  /** A model that is answering may go too. */
  readonly force: boolean
  /** The groups of the model that is coming. */
  readonly groups: readonly string[]
}

export type RoomDecision =
  | { readonly type: 'room' }
  /** These should go, least recently used first; then there is room. */
  | { readonly type: 'evict'; readonly ids: readonly string[] }
  /** Nobody may go now: ask again when something has changed. */
  | { readonly type: 'wait' }

/** Whether one more model may be loaded beside `occupants`, and who has to go for it. Pure. */
export function makeRoom(occupants: readonly Occupant[], limits: RoomLimits): RoomDecision {
  const rivals = occupants.filter((occupant) => occupant.groups.some((group) => limits.groups.includes(group)))
  const excess = limits.maxActive <= 0 ? 0 : Math.max(0, occupants.length - limits.maxActive + 1)
  if (excess === 0 && rivals.length === 0) return { type: 'room' }
  const mayGo = evictable(occupants, limits.force)
  const going = mayGo.filter((occupant) => rivals.includes(occupant))
  // Those on their way out make room without our help.
  const leaving = occupants.filter(isGoing).length
  const others = mayGo
    .filter((occupant) => !rivals.includes(occupant))
    .slice(0, Math.max(0, excess - leaving - going.length))
  const ids = [...going, ...others].map((occupant) => occupant.id)
  return ids.length === 0 ? { type: 'wait' } : { type: 'evict', ids }
}

/** The model that should go while the memory is too full, if any may. Pure. */
export function leastMissed(occupants: readonly Occupant[], force: boolean): string | undefined {
  // One after the other: what is leaving has not given its memory back yet.
  if (occupants.some(isGoing)) return undefined
  return evictable(occupants, force)[0]?.id
}

/** Who may go now, least recently used first, and those that answer last. */
function evictable(occupants: readonly Occupant[], force: boolean): readonly Occupant[] {
  return occupants
    .filter(
      ({ phase, inFlight, pinned }) => !pinned && (inFlight > 0 ? phase !== 'starting' && force : phase === 'ready'),
    )
    .toSorted((left, right) => busyLast(left) - busyLast(right) || left.lastUsed - right.lastUsed)
}

/** One that waits for its requests to end may do so for hours. */
function isGoing({ phase, inFlight }: Occupant): boolean {
  return phase === 'stopping' && inFlight === 0
}

function busyLast(occupant: Occupant): number {
  return occupant.inFlight > 0 ? 1 : 0
}
