interface Held<Value> {
  readonly value: Value
  readonly source: string
}

/** A bounded map whose places are shared out among those who fill it. */
export interface FairMap<Value> {
  get(key: string): Value | undefined
  has(key: string): boolean
  /** The newest of its key. When there are too many, whoever filled most places loses its oldest. */
  set(key: string, value: Value, source: string): void
  /** The value changes, its place and its source stay. */
  replace(key: string, change: (value: Value) => Value): void
  delete(key: string): void
  entries(): IterableIterator<readonly [string, Value]>
  readonly size: number
}

/** One source that floods the map evicts itself, not what others brought. */
export function createFairMap<Value>(limit: number): FairMap<Value> {
  const held = new Map<string, Held<Value>>()
  const counts = new Map<string, number>()

  function count(source: string, step: number): void {
    const next = (counts.get(source) ?? 0) + step
    if (next <= 0) counts.delete(source)
    else counts.set(source, next)
  }
  function remove(key: string): void {
    const entry = held.get(key)
    if (entry === undefined) return
    held.delete(key)
    count(entry.source, -1)
  }
  function evict(): void {
    const greediest = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most))[0]
    for (const [key, entry] of held) {
      if (entry.source !== greediest) continue
      remove(key)
      return
    }
  }
  function* entries(): IterableIterator<readonly [string, Value]> {
    for (const [key, { value }] of held) yield [key, value]
  }

  return {
    get: (key) => held.get(key)?.value,
    has: (key) => held.has(key),
    set(key, value, source) {
      remove(key)
      held.set(key, { value, source })
      count(source, 1)
      if (held.size > limit) evict()
    },
    replace(key, change) {
      const entry = held.get(key)
      if (entry !== undefined) held.set(key, { ...entry, value: change(entry.value) })
    },
    delete: remove,
    entries,
    get size() {
      return held.size
    },
  }
}
