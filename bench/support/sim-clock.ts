/** Virtual time: things happen in the order of their moments, and nothing takes time by itself. Milliseconds. */
export interface SimClock {
  now(): number
  /** Gives the function that calls it off. */
  at(moment: number, run: () => void): () => void
  in(delayMs: number, run: () => void): () => void
  /** Until `end`, or until nothing is left. `settle` is awaited after everything that happens: promises are followed there. */
  run(end: number, settle: () => Promise<void>): Promise<void>
}

interface Entry {
  readonly moment: number
  readonly order: number
  run: (() => void) | undefined
}

export function createSimClock(): SimClock {
  const heap: Entry[] = []
  let time = 0
  let count = 0

  const isBefore = (left: Entry, right: Entry): boolean =>
    left.moment < right.moment || (left.moment === right.moment && left.order < right.order)

  function push(entry: Entry): void {
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]
      if (parent === undefined || isBefore(parent, entry)) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = entry
  }

  function pop(): Entry | undefined {
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let childAt = 2 * at + 1
      const [left, right] = [heap[childAt], heap[childAt + 1]]
      if (left === undefined) break
      if (right !== undefined && isBefore(right, left)) childAt += 1
      const child = heap[childAt]
      if (child === undefined || isBefore(last, child)) break
      heap[at] = child
      at = childAt
    }
    heap[at] = last
    return first
  }

  const clock: SimClock = {
    now: () => time,
    at(moment, run) {
      count += 1
      const entry: Entry = { moment: Math.max(moment, time), order: count, run }
      push(entry)
      return () => {
        entry.run = undefined
      }
    },
    in: (delayMs, run) => clock.at(time + delayMs, run),
    async run(end, settle) {
      for (let entry = pop(); entry !== undefined && entry.moment <= end; entry = pop()) {
        if (entry.run === undefined) continue
        time = entry.moment
        entry.run()
        await settle()
      }
    },
  }
  return clock
}
