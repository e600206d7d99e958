import { createFairMap } from './fair-map.ts'
import type { SignedRecord } from './record-codec.ts'

export interface RecordStoreInit {
  readonly maxHints: number
  readonly maxTombstones: number
  /** How far an incarnation may be ahead of this node's clock: as far as the clocks of admitted nodes can differ. */
  readonly maxAheadMs: number
  /** A hint that nobody repeated for so long is forgotten. */
  readonly hintLifeMs: number
}

export interface Arrival {
  /** Peer id of whoever brought the record; its own node's or another's. */
  readonly source: string
  readonly unixMs: number
  /** Monotonic. */
  readonly nowMs: number
}

/**
 * `added`: the first of this node or of its new start; `updated`: newer words; `left`: its goodbye, believed; `known`: the
 * same words; `older`: overtaken; `ahead`: of a clock that cannot be.
 */
export type PutOutcome = 'added' | 'updated' | 'left' | 'known' | 'older' | 'ahead'

/**
 * One record per node, the newest by (incarnation, sequence): the order of arrival changes nothing, nor do repetitions.
 *
 * Records of linked nodes stay. Those that others told of nodes without a link are *hints*: a place to dial, bounded and
 * shared out fairly among who told them. A goodbye leaves a tombstone: nothing of that start of the node comes back. A
 * member can speak only for keys that it has, so all that garbage of its own making can cost is its own share.
 */
export interface RecordStore {
  put(signed: SignedRecord, arrival: Arrival): PutOutcome
  get(peerId: string): SignedRecord | undefined
  /** The newest that is known of a node, its goodbye too: shown to a node whose clock went back, to be overtaken. */
  newestBytes(peerId: string): Uint8Array | undefined
  /** Linked records are kept, whatever hints come in. */
  link(peerId: string): void
  /** From now on the record is a hint. */
  unlink(peerId: string, nowMs: number): void
  linked(): readonly SignedRecord[]
  /** Those that were told before the moment, or all. */
  hints(toldBeforeMs?: number): readonly SignedRecord[]
  expire(nowMs: number): void
}

interface Hint {
  readonly signed: SignedRecord
  readonly toldAtMs: number
}

interface Tombstone {
  readonly incarnation: number
  readonly bytes: Uint8Array
}

/** Larger than any goodbye that `toLeavingRecord` makes. */
const MAX_GOODBYE_BYTES = 4096

export const RECORD_STORE_DEFAULTS = { maxHints: 1024, maxTombstones: 4096, hintLifeMs: 10 * 60_000 } as const

export function createRecordStore(init: RecordStoreInit): RecordStore {
  const linked = new Map<string, SignedRecord>()
  const hints = createFairMap<Hint>(init.maxHints)
  const tombstones = createFairMap<Tombstone>(init.maxTombstones)

  function get(peerId: string): SignedRecord | undefined {
    return linked.get(peerId) ?? hints.get(peerId)?.signed
  }
  function bury({ record, bytes }: SignedRecord, { source }: Arrival): PutOutcome {
    if (bytes.byteLength > MAX_GOODBYE_BYTES) return 'older'
    tombstones.set(record.peerId, { incarnation: record.incarnation, bytes }, source)
    const current = get(record.peerId)
    if (current !== undefined && current.record.incarnation > record.incarnation) return 'older'
    linked.delete(record.peerId)
    hints.delete(record.peerId)
    return 'left'
  }
  return {
    get,
    put(signed, arrival) {
      const { peerId, incarnation, leaving } = signed.record
      if (incarnation > arrival.unixMs + init.maxAheadMs) return 'ahead'
      if (incarnation <= (tombstones.get(peerId)?.incarnation ?? -1)) return 'older'
      if (leaving) return bury(signed, arrival)
      const current = get(peerId)
      const order = current === undefined ? 1 : compareRecords(signed, current)
      if (order < 0) return 'older'
      if (linked.has(peerId)) linked.set(peerId, signed)
      else hints.set(peerId, { signed, toldAtMs: arrival.nowMs }, arrival.source)
      if (order === 0) return 'known'
      return current?.record.incarnation === incarnation ? 'updated' : 'added'
    },
    newestBytes: (peerId) => get(peerId)?.bytes ?? tombstones.get(peerId)?.bytes,
    link(peerId) {
      const hint = hints.get(peerId)
      if (hint === undefined) return
      hints.delete(peerId)
      linked.set(peerId, hint.signed)
    },
    unlink(peerId, nowMs) {
      const signed = linked.get(peerId)
      if (signed === undefined) return
      linked.delete(peerId)
      hints.set(peerId, { signed, toldAtMs: nowMs }, peerId)
    },
    linked: () => [...linked.values()],
    hints: (toldBeforeMs = Infinity) =>
      [...hints.entries()].flatMap(([, { signed, toldAtMs }]) => (toldAtMs < toldBeforeMs ? signed : [])),
    expire(nowMs) {
      for (const [peerId, { toldAtMs }] of hints.entries()) {
        if (nowMs - toldAtMs > init.hintLifeMs) hints.delete(peerId)
      }
    },
  }
}

/** A node that signs two different records with one number is held to the one whose hash is greater, everywhere. */
function compareRecords(one: SignedRecord, other: SignedRecord): number {
  return (
    one.record.incarnation - other.record.incarnation ||
    one.record.sequence - other.record.sequence ||
    Number(one.id > other.id) - Number(one.id < other.id)
  )
}
