import type { Priority } from './priority.ts'
import { createTurns, type Turns } from './turns.ts'

export interface Waiter {
  readonly lane: string
  readonly caller: string
  readonly priority: Priority
}

/**
 * Who waits, and whose turn it is: in a lane the priorities by their weights, in a priority the callers by turns, of one
 * caller the first who came.
 */
export interface WaitingRoom<W extends Waiter> {
  readonly size: number
  has(lane: string): boolean
  add(waiter: W): void
  remove(waiter: W): void
  /** The lanes, the one that was served longest ago first. */
  lanes(): readonly string[]
  next(lane: string): W | undefined
  /** `next` was served: the turn goes to whoever is after it, and to the lane after this one. */
  passTurn(waiter: W): void
  /** How many will be served before somebody who comes now, at least as long as nobody of a lower priority is. */
  ahead(waiter: Waiter): number
  /**
   * Who makes room for one more: of a lower priority than its own, the lowest first, or else of its own, the last who
   * came of the caller with the most waiters, unless the one who comes would then have as many.
   */
  mostDispensable(waiter: Waiter): W | undefined
  all(): readonly W[]
}

/** By priority, then by caller in the order of their turns. */
interface Lane<W> {
  readonly turns: Turns
  readonly waiters: Map<Priority, Map<string, Set<W>>>
}

const LOWEST_FIRST: readonly Priority[] = ['low', 'normal', 'high']

export function createWaitingRoom<W extends Waiter>(): WaitingRoom<W> {
  /** In the order of their turns. */
  const lanes = new Map<string, Lane<W>>()
  /** In the order of their coming. */
  const everyone = new Set<W>()

  return {
    get size() {
      return everyone.size
    },
    has: (lane) => lanes.has(lane),
    add(waiter) {
      const { waiters } = getOrAdd(lanes, waiter.lane, () => ({ turns: createTurns(), waiters: new Map() }))
      const callers = getOrAdd(waiters, waiter.priority, () => new Map<string, Set<W>>())
      getOrAdd(callers, waiter.caller, () => new Set<W>()).add(waiter)
      everyone.add(waiter)
    },
    remove(waiter) {
      const lane = lanes.get(waiter.lane)
      const callers = lane?.waiters.get(waiter.priority)
      const own = callers?.get(waiter.caller)
      everyone.delete(waiter)
      own?.delete(waiter)
      if (own?.size === 0) callers?.delete(waiter.caller)
      if (callers?.size === 0) lane?.waiters.delete(waiter.priority)
      if (lane?.waiters.size === 0) lanes.delete(waiter.lane)
    },
    lanes: () => [...lanes.keys()],
    next(lane) {
      const { turns, waiters } = lanes.get(lane) ?? {}
      const priority = turns?.next(waiters?.keys() ?? [])
      const callers = priority === undefined ? undefined : waiters?.get(priority)
      return callers?.values().next().value?.values().next().value
    },
    passTurn({ lane: name, caller, priority }) {
      const lane = lanes.get(name)
      const callers = lane?.waiters.get(priority)
      if (lane === undefined || callers === undefined) return
      lane.turns.pass(priority, lane.waiters.keys())
      toTheEnd(callers, caller)
      toTheEnd(lanes, name)
    },
    ahead({ lane, caller, priority }) {
      let count = 0
      for (const [other, callers] of lanes.get(lane)?.waiters ?? []) {
        if (LOWEST_FIRST.indexOf(other) < LOWEST_FIRST.indexOf(priority)) continue
        const own = callers.get(caller)?.size ?? 0
        for (const [name, waiting] of callers) count += name === caller ? own : Math.min(waiting.size, own + 1)
      }
      return count
    },
    mostDispensable({ caller, priority }) {
      for (const lowest of LOWEST_FIRST) {
        const byCaller = Map.groupBy(everyone, (waiter) => (waiter.priority === lowest ? waiter.caller : undefined))
        byCaller.delete(undefined)
        const [greediest = []] = [...byCaller.values()].sort((left, right) => right.length - left.length)
        const own = byCaller.get(caller)?.length ?? 0
        if (lowest === priority) return greediest.length > own + 1 ? greediest.at(-1) : undefined
        if (greediest.length > 0) return greediest.at(-1)
      }
      return undefined
    },
    all: () => [...everyone],
  }
}

function toTheEnd<Value>(map: Map<string, Value>, key: string): void {
  const value = map.get(key)
  if (value === undefined || !map.delete(key)) return
  map.set(key, value)
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
