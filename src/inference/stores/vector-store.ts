import type { AbortOptions } from '../../base/signals.ts'

export type Vector = readonly number[]

/** Keys and what is kept under them, side by side. */
export interface StoreEntries {
  readonly keys: readonly Vector[]
  readonly values: readonly string[]
}

/** The nearest first; similarities are cosines, -1 to 1. */
export interface Neighbours extends StoreEntries {
  readonly similarities: readonly number[]
}

/**
 * Texts under vectors (backend-grpc.md section 12). All keys of a store have one length; another one, and an empty
 * list, is `request.invalid`.
 */
export interface VectorStore {
  /** Replaces what is there under equal keys. */
  set(entries: StoreEntries, options?: AbortOptions): Promise<void>
  /** Those that are there, in the order asked for. */
  get(keys: readonly Vector[], options?: AbortOptions): Promise<StoreEntries>
  find(key: Vector, topK: number, options?: AbortOptions): Promise<Neighbours>
  /** Those that are not there are no error. */
  delete(keys: readonly Vector[], options?: AbortOptions): Promise<void>
}
