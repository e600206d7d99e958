import type { BufferBounds } from './tensor.ts'

/** As many as a model with every tensor in a buffer of its own could want; each costs the worker some memory. */
const MAX_BUFFERS = 65_536

/** The buffers that the worker has given to this stream. */
export interface BufferTable {
  /** Memory for the answer to come; false: there is not so much. */
  reserve(bytes: number): boolean
  /** The answer to a reservation; handle 0: the worker had no memory. False: the worker answers nonsense. */
  allocated(asked: number, handle: number, size: number): boolean
  /** The worker has told where a buffer lies. */
  based(handle: number, base: number): boolean
  /** Undefined also while its base is not known: nothing can lie in it. */
  find(handle: number): BufferBounds | undefined
  has(handle: number): boolean
  free(handle: number): void
  usedBytes(): number
}

export function createBufferTable(memoryBytes: number): BufferTable {
  const buffers = new Map<number, { size: number; bounds: BufferBounds | undefined }>()
  let usedBytes = 0
  let reserved = 0
  return {
    reserve(bytes) {
      if (!(usedBytes + bytes <= memoryBytes) || buffers.size + reserved >= MAX_BUFFERS) return false
      usedBytes += bytes
      reserved += 1
      return true
    },
    allocated(asked, handle, size) {
      reserved -= 1
      usedBytes -= asked
      if (handle === 0) return true
      if (!Number.isFinite(handle) || !Number.isFinite(size) || buffers.has(handle)) return false
      usedBytes += size
      buffers.set(handle, { size, bounds: undefined })
      return true
    },
    based(handle, base) {
      const buffer = buffers.get(handle)
      // It may have been given back before the answer came.
      if (buffer === undefined) return true
      if (!(base + buffer.size <= Number.MAX_SAFE_INTEGER)) return false
      buffer.bounds = { base, size: buffer.size }
      return true
    },
    find: (handle) => buffers.get(handle)?.bounds,
    has: (handle) => buffers.has(handle),
    free(handle) {
      usedBytes -= buffers.get(handle)?.size ?? 0
      buffers.delete(handle)
    },
    usedBytes: () => usedBytes,
  }
}
