import type { Link } from './link.ts'
import type { Members } from './members.ts'
import type { OwnRecord } from './own-record.ts'
import type { RecordStore } from './record-store.ts'

export interface DigestDeps {
  readonly store: Pick<RecordStore, 'linked' | 'hints'>
  readonly own: Pick<OwnRecord, 'current'>
  readonly members: Pick<Members, 'isLinked'>
}

/** Who knows what: two nodes compare the ids of their records, and each tells the other what that one lacks. */
export interface Digest {
  known(): ReadonlySet<string>
  answer(link: Link, ids: ReadonlySet<string>): void
}

export function createDigest({ store, own, members }: DigestDeps): Digest {
  return {
    known() {
      const current = own.current()
      const known = [...(current === undefined ? [] : [current]), ...store.linked(), ...store.hints()]
      return new Set(known.map(({ id }) => id))
    },
    answer(link, ids) {
      for (const { record, bytes, id } of store.linked()) {
        // Only of those that this node hears itself, so that nothing goes round of which nobody is sure.
        if (!ids.has(id) && record.peerId !== link.peerId && members.isLinked(record.peerId)) {
          link.hint(record.peerId, bytes)
        }
      }
    },
  }
}
