import type { ModelLoader } from '../../backends/model-lease.ts'
import { AppError } from '../../base/errors.ts'
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
   * The store, which begins empty. Throws `node.overloaded` when there are as many as there may be, and
   * `request.unsupported` for a backend that is known to keep no vectors.
   */
  open(place: StorePlace): VectorStore
}

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
  const own = new Map<string, MemoryStore>()
  let held = 0

  function reserve(bytes: number): boolean {
    if (held + bytes > maxBytes) return false
    held += bytes
    return true
  }

  function ownStore(id: string): VectorStore {
    const known = own.get(id)
    if (known !== undefined) return known
    for (const [other, store] of own) if (store.size === 0) own.delete(other)
    if (own.size >= maxStores) throw full(own.size)
    const made = createMemoryStore({ reserve })
    own.set(id, made)
    return made
  }

  return {
    open({ name, owner = '', backend = '' }) {
      const kind = backendName(backend.trim())
      const id = `store:${owner}:${name}`
      if (OWN.has(kind)) return ownStore(id)
      if (KEEPS_NONE.test(kind)) {
        const details = { param: 'backend' }
        throw new AppError('request.unsupported', `the backend "${kind}" keeps no vectors`, { details })
      }
      // Those that have failed hold nothing, and would be in the way of all others for ever.
      const running = loader.loaded().filter(({ id: other, phase }) => other.startsWith('store:') && phase !== 'failed')
      const theirs = `${id}:${kind}`
      if (running.length >= maxStores && !running.some((model) => model.id === theirs)) throw full(running.length)
      return createBackendStore({ loader }, { id: theirs, backend: kind })
    },
  }
}

function full(count: number): AppError {
  return new AppError('node.overloaded', `this node has ${count} vector stores, which is as many as it may have`)
}
