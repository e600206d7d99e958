import { AppError } from '../../base/errors.ts'
import type { StoreEntries, Vector, VectorStore } from './vector-store.ts'

interface Entry {
  readonly key: Float64Array
  readonly value: string
  /** Length of the vector. */
  readonly norm: number
}

export interface MemoryStore extends VectorStore {
  readonly size: number
}

export interface MemoryStoreInit {
  /** Reserves bytes, or throws where there is no room; gives back as many as the number is below zero. */
  readonly reserve: (bytes: number) => void
}

/** What an entry costs beside its key and its value, roughly. */
const ENTRY_BYTES = 200

/** A store in this process; nothing is kept on disk, as in LocalAI. */
export function createMemoryStore({ reserve }: MemoryStoreInit): MemoryStore {
  const entries = new Map<string, Entry>()
  let dimensions: number | undefined

  function check(keys: readonly Vector[]): void {
    const wanted = dimensions ?? keys[0]?.length
    if (keys.length === 0) throw invalid('keys', 'keys must not be empty')
    if (wanted === 0) throw invalid('keys', 'a key must not be empty')
    const odd = keys.find((key) => key.length !== wanted)
    if (odd !== undefined)
      throw invalid('keys', `a key has ${odd.length} numbers, and those of this store have ${wanted}`)
  }

  function remove(name: string): void {
    const entry = entries.get(name)
    if (entry === undefined) return
    entries.delete(name)
    reserve(-costOf(entry))
    if (entries.size === 0) dimensions = undefined
  }

  return {
    get size() {
      return entries.size
    },
    async set({ keys, values }) {
      check(keys)
      if (keys.length !== values.length) {
        throw invalid('values', `there are ${keys.length} keys and ${values.length} values`)
      }
      for (const [index, vector] of keys.entries()) {
        const key = Float64Array.from(vector)
        const entry = { key, value: values[index] ?? '', norm: lengthOf(key) }
        const name = nameOf(key)
        const before = entries.get(name)
        // What is there stays there when there is no room for what replaces it.
        reserve(costOf(entry) - (before === undefined ? 0 : costOf(before)))
        entries.set(name, entry)
        dimensions = key.length
      }
    },
    async get(keys) {
      check(keys)
      const found = keys.flatMap((key) => entries.get(nameOf(Float64Array.from(key))) ?? [])
      return toEntries(found)
    },
    async find(vector, topK) {
      check([vector])
      const key = Float64Array.from(vector)
      const norm = lengthOf(key)
      const scored = [...entries.values()].map((entry) => ({ entry, similarity: cosine(key, norm, entry) }))
      const nearest = scored.toSorted((left, right) => right.similarity - left.similarity).slice(0, topK)
      return {
        ...toEntries(nearest.map(({ entry }) => entry)),
        similarities: nearest.map(({ similarity }) => similarity),
      }
    },
    async delete(keys) {
      check(keys)
      for (const key of keys) remove(nameOf(Float64Array.from(key)))
    },
  }
}

/** Equal bytes, equal key. */
function nameOf(key: Float64Array): string {
  return Buffer.from(key.buffer).toString('latin1')
}

function costOf({ key, value }: Entry): number {
  // The key is there twice: as numbers and as the name under which it is found.
  return ENTRY_BYTES + key.byteLength * 2 + value.length * 2
}

function toEntries(found: readonly Entry[]): StoreEntries {
  return { keys: found.map(({ key }) => [...key]), values: found.map(({ value }) => value) }
}

function lengthOf(vector: Float64Array): number {
  let sum = 0
  for (const value of vector) sum += value * value
  return Math.sqrt(sum)
}

function cosine(key: Float64Array, norm: number, other: Entry): number {
  let dot = 0
  for (let index = 0; index < key.length; index += 1) dot += (key[index] ?? 0) * (other.key[index] ?? 0)
  const lengths = norm * other.norm
  return lengths === 0 ? 0 : dot / lengths
}

function invalid(param: string, message: string): AppError {
  return new AppError('request.invalid', message, { details: { param } })
}
