/** Responses that could not be written: the disk is full, say. They are in memory until they can be, so many bytes of them. */
export interface Unwritten {
  /** Gives back the oldest, which have to leave for it. */
  add(id: string, bytes: number): readonly string[]
  delete(id: string): void
  /** The oldest first. */
  ids(): readonly string[]
}

export function createUnwritten({ maxBytes }: { readonly maxBytes: number }): Unwritten {
  const sizes = new Map<string, number>()
  let total = 0

  function remove(id: string): void {
    total -= sizes.get(id) ?? 0
    sizes.delete(id)
  }

  return {
    add(id, bytes) {
      remove(id)
      sizes.set(id, bytes)
      total += bytes
      const leaving: string[] = []
      for (const [oldest] of sizes) {
        if (total <= maxBytes) break
        remove(oldest)
        leaving.push(oldest)
      }
      return leaving
    },
    delete: remove,
    ids: () => [...sizes.keys()],
  }
}
