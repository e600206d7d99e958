export interface Waiter {
  readonly lane: string
  readonly caller: string
}

/** Who waits, and whose turn it is: in a lane the callers by turns, of one caller the first who came. */
export interface WaitingRoom<W extends Waiter> {
  readonly size: number
  has(lane: string): boolean
  add(waiter: W): void
  remove(waiter: W): void
  /** The lanes, the one that was served longest ago first. */
  lanes(): readonly string[]
  next(lane: string): W | undefined
  /** `next` was served: the turn goes to the caller after it, and to the lane after this one. */
  passTurn(waiter: W): void
  /** The last who came of the caller with the most waiters, unless `caller` would then have as many. */
  latestOfGreediest(caller: string): W | undefined
  all(): readonly W[]
}

export function createWaitingRoom<W extends Waiter>(): WaitingRoom<W> {
  /** By lane, then by caller: both in the order of their turns. */
  const lanes = new Map<string, Map<string, Set<W>>>()
  /** In the order of their coming. */
  const everyone = new Set<W>()

  return {
    get size() {
      return everyone.size
    },
    has: (lane) => lanes.has(lane),
    add(waiter) {
      const callers = getOrAdd(lanes, waiter.lane, () => new Map<string, Set<W>>())
      getOrAdd(callers, waiter.caller, () => new Set<W>()).add(waiter)
      everyone.add(waiter)
    },
    remove(waiter) {
      const callers = lanes.get(waiter.lane)
      const own = callers?.get(waiter.caller)
      everyone.delete(waiter)
      own?.delete(waiter)
      if (own?.size === 0) callers?.delete(waiter.caller)
      if (callers?.size === 0) lanes.delete(waiter.lane)
    },
    lanes: () => [...lanes.keys()],
    next: (lane) => lanes.get(lane)?.values().next().value?.values().next().value,
    passTurn({ lane, caller }) {
      const callers = lanes.get(lane)
      if (callers === undefined) return
      toTheEnd(callers, caller)
      toTheEnd(lanes, lane)
    },
    latestOfGreediest(caller) {
      const byCaller = new Map<string, W[]>()
      for (const waiter of everyone) getOrAdd(byCaller, waiter.caller, () => []).push(waiter)
      const own = byCaller.get(caller)?.length ?? 0
      const [greediest = []] = [...byCaller.values()].sort((left, right) => right.length - left.length)
      return greediest.length > own + 1 ? greediest.at(-1) : undefined
    },
    all: () => [...everyone],
  }
}

function toTheEnd<Value>(map: Map<string, Value>, key: string): void {
  const value = map.get(key)
  if (value === undefined || !map.delete(key)) return
  map.set(key, value)
}

function getOrAdd<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
