import type { RequestKey } from './request-key.ts'

export interface KeyTableInit {
  /** How long a name stands for its answer. */
  readonly windowMs: number
  readonly maxKeys: number
  /** That one node may have told. */
  readonly maxKeysOfNode: number
}

export interface KeyHolder {
  readonly peerId: string
  readonly bodyHash: string
}

/** Which node works on the answer to which key, as the nodes have told. The oldest are forgotten first. */
export interface KeyTable {
  note(peerId: string, key: RequestKey): void
  /** Only for the node that is noted. */
  forget(peerId: string, digest: string): void
  find(digest: string): KeyHolder | undefined
}

interface Entry extends KeyHolder {
  readonly notedAt: number
}

export function createKeyTable(
  { now }: { readonly now: () => number },
  { windowMs, maxKeys, maxKeysOfNode }: KeyTableInit,
): KeyTable {
  /** In the order of being noted. */
  const entries = new Map<string, Entry>()
  const counts = new Map<string, number>()

  function remove(digest: string): void {
    const entry = entries.get(digest)
    if (entry === undefined) return
    entries.delete(digest)
    const left = (counts.get(entry.peerId) ?? 0) - 1
    if (left > 0) counts.set(entry.peerId, left)
    else counts.delete(entry.peerId)
  }

  const isOver = ({ notedAt }: Entry): boolean => now() - notedAt >= windowMs

  function makeRoom(peerId: string): void {
    const ofNode = (counts.get(peerId) ?? 0) >= maxKeysOfNode
    for (const [digest, entry] of entries) {
      const leaves = isOver(entry) || (ofNode ? entry.peerId === peerId : entries.size >= maxKeys)
      if (!leaves && !ofNode) return
      if (leaves) remove(digest)
      if (ofNode && entry.peerId === peerId) return
    }
  }

  return {
    note(peerId, { digest, bodyHash }) {
      remove(digest)
      makeRoom(peerId)
      entries.set(digest, { peerId, bodyHash, notedAt: now() })
      counts.set(peerId, (counts.get(peerId) ?? 0) + 1)
    },
    forget(peerId, digest) {
      if (entries.get(digest)?.peerId === peerId) remove(digest)
    },
    find(digest) {
      const entry = entries.get(digest)
      if (entry === undefined) return undefined
      if (!isOver(entry)) return entry
      remove(digest)
      return undefined
    },
  }
}
