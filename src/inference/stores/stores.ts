import type { ModelLoader } from '../../backends/model-lease.ts'
import { AppError } from '../../base/errors.ts'
import { judgeClaim } from '../../base/fair-share.ts'
import { backendName } from '../../models/aliases.ts'
import { createBackendStore } from './backend-store.ts'
import { createMemoryStore, type MemoryStore } from './memory-store.ts'
import type { VectorStore } from './vector-store.ts'

/** Which store is meant. */
export interface StorePlace {
  readonly name: string
  /** Whose it is; undefined: everybody's. */
  readonly owner: string | undefined
  /** Another backend than the node's own store. */
  readonly backend?: string
}

export interface Stores {
  /**
   * The store, which begins empty. Throws `node.overloaded` when there are as many as there may be,
   * `request.rate-limited` when this owner has as many as one may have, and `request.unsupported` for a backend that is
   * known to keep no vectors.
   */
  open(place: StorePlace): VectorStore
}

/** Of either, one owner may have no more than is then left for the others. */
export interface StoresInit {
  /** For everything in the node's own stores. */
  readonly maxBytes: number
  readonly maxStores: number
}

/** LocalAI's name for what this node does itself. */
const OWN = new Set(['', 'local-store'])
/** Runs language models only: no process has to be started to find out. */
const KEEPS_NONE = /(?:^|-)llama-cpp$/

/** The node's own stores are in memory and end with it; those of other backends are processes, few at a time. */
export function createStores(
  { loader }: { readonly loader: Pick<ModelLoader, 'acquire' | 'loaded'> },
  { maxBytes, maxStores }: StoresInit,
): Stores {
  const inMemory = new Map<string, { readonly owner: string; readonly store: MemoryStore }>()
  /** Bytes of each owner, and of all. */
  const held = new Map<string, number>()
  let taken = 0

  function reserve(owner: string, amount: number): void {
    const own = held.get(owner) ?? 0
    if (amount > 0) {
      const verdict = judgeClaim({ total: maxBytes, taken, own, amount })
      if (verdict === 'full') throw new AppError('node.overloaded', 'the vector stores of this node are full')
      if (verdict === 'over-share') throw overShare('as many bytes in vector stores')
    }
    taken += amount
    const left = own + amount
    if (left > 0) held.set(owner, left)
    else held.delete(owner)
  }

  /** One store more, where there are so many. */
  function checkNumber(taken: number, own: number): void {
    const verdict = judgeClaim({ total: maxStores, taken, own, amount: 1 })
    if (verdict === 'full') throw full(taken)
    if (verdict === 'over-share') throw overShare(`as many vector stores (${own})`)
  }

  function ownStore(id: string, owner: string): VectorStore {
    const known = inMemory.get(id)
    if (known !== undefined) return known.store
    for (const [other, { store }] of inMemory) if (store.size === 0) inMemory.delete(other)
    const owned = [...inMemory.values()].filter((entry) => entry.owner === owner)
    checkNumber(inMemory.size, owned.length)
    const store = createMemoryStore({ reserve: (amount) => reserve(owner, amount) })
    inMemory.set(id, { owner, store })
    return store
  }

  return {
    open({ name, owner = '', backend = '' }) {
      const kind = backendName(backend.trim())
      const id = `store:${owner}:${name}`
      if (OWN.has(kind)) return ownStore(id, owner)
      if (KEEPS_NONE.test(kind)) {
        const details = { param: 'backend' }
        throw new AppError('request.unsupported', `the backend "${kind}" keeps no vectors`, { details })
      }
      // Those that have failed hold nothing, and would be in the way of all others for ever.
      const running = loader.loaded().filter(({ id: other, phase }) => other.startsWith('store:') && phase !== 'failed')
      const theirs = `${id}:${kind}`
      if (!running.some((model) => model.id === theirs)) {
        checkNumber(running.length, running.filter((model) => model.id.startsWith(`store:${owner}:`)).length)
      }
      return createBackendStore({ loader }, { id: theirs, backend: kind })
    },
  }
}

function overShare(what: string): AppError {
  return new AppError('request.rate-limited', `you have ${what} as one may have here: what is left is for others`)
}

function full(count: number): AppError {
  return new AppError('node.overloaded', `this node has ${count} vector stores, which is as many as it may have`)
}
