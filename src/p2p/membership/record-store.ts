import { createFairMap } from './fair-map.ts'
import type { SignedRecord } from './record-codec.ts'

export interface RecordStoreInit {
  readonly maxHints: number
  readonly maxTombstones: number
  /**
   * How far an incarnation may be ahead of this node's clock when others tell of it: as far as the clocks of admitted nodes
   * can differ. A node that tells it itself has been admitted, so now its clock is right, whatever it was when it started;
   * or this node's own has gone back since, which must not end a link that stands.
   */
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
 * same words; `older`: overtaken; `ahead`: hearsay of a clock that cannot be.
 */
export type PutOutcome = 'added' | 'updated' | 'left' | 'known' | 'older' | 'ahead'

/**
 * One record per node, the newest by (incarnation, sequence): the order of arrival changes nothing, nor do repetitions.
 *
 * Records of linked nodes stay. Of those that others told of nodes without a link *hints* are kept: a place to dial, bounded and
 * shared out fairly among who told them. A goodbye leaves a tombstone: nothing of that start of the node comes back. A
 * member can speak only for keys that it has, so all that garbage of its own making can cost is its own share.
 */
export interface RecordStore {
  put(signed: SignedRecord, arrival: Arrival): PutOutcome
  linkedOf(peerId: string): SignedRecord | undefined
  /** Of a linked node or of a hint. */
  newestOf(peerId: string): Pick<Hint, 'id' | 'incarnation'> | undefined
  addressesOf(peerId: string): readonly string[] | undefined
  /** The hint is told again, in the very same words. */
  repeat(peerId: string, nowMs: number): void
  /**
   * The newest that can be proved of a node, its goodbye too: shown to a node whose clock went back, to be overtaken.
   * Undefined when only a hint is newer.
   */
  newestBytes(peerId: string): Uint8Array | undefined
  /** Linked records are kept, whatever hints come in. */
  link(signed: SignedRecord): void
  /** From now on the record is a hint. */
  unlink(peerId: string, nowMs: number): void
  linked(): readonly SignedRecord[]
  /** Those that were told before the moment, or all. */
  hints(toldBeforeMs?: number): readonly Hint[]
  forgetHint(peerId: string): void
  expire(nowMs: number): void
}

/** What is needed to dial a node, and to know news of it from what was heard before. */
export interface Hint {
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly incarnation: number
  readonly sequence: number
  /** Of the record. */
  readonly id: string
  /** Peer id of whoever told it. */
  readonly source: string
}

interface HeldHint extends Hint {
  readonly toldAtMs: number
}

interface Tombstone {
  readonly incarnation: number
  readonly bytes: Uint8Array
}

/** Larger than any goodbye that `toLeavingRecord` makes. */
const MAX_GOODBYE_BYTES = 4096
/** Characters of all addresses of one hint, so all hints together are a few megabytes at most. */
const MAX_HINT_ADDRESS_LENGTH = 2048

export const RECORD_STORE_DEFAULTS = { maxHints: 1024, maxTombstones: 4096, hintLifeMs: 10 * 60_000 } as const

export function createRecordStore(init: RecordStoreInit): RecordStore {
  const linked = new Map<string, SignedRecord>()
  const hints = createFairMap<HeldHint>(init.maxHints)
  const tombstones = createFairMap<Tombstone>(init.maxTombstones)

  function newestOf(peerId: string): Version | undefined {
    const signed = linked.get(peerId)
    return signed === undefined ? hints.get(peerId) : versionOf(signed)
  }
  function bury({ record, bytes }: SignedRecord, { source }: Arrival): PutOutcome {
    if (bytes.byteLength > MAX_GOODBYE_BYTES) return 'older'
    tombstones.set(record.peerId, { incarnation: record.incarnation, bytes }, source)
    const current = newestOf(record.peerId)
    if (current !== undefined && current.incarnation > record.incarnation) return 'older'
    linked.delete(record.peerId)
    hints.delete(record.peerId)
    return 'left'
  }
  return {
    newestOf,
    linkedOf: (peerId) => linked.get(peerId),
    addressesOf: (peerId) => linked.get(peerId)?.record.addresses ?? hints.get(peerId)?.addresses,
    put(signed, arrival) {
      const { peerId, incarnation, leaving } = signed.record
      if (arrival.source !== peerId && incarnation > arrival.unixMs + init.maxAheadMs) return 'ahead'
      if (incarnation <= (tombstones.get(peerId)?.incarnation ?? -1)) return 'older'
      if (leaving) return bury(signed, arrival)
      const current = newestOf(peerId)
      const order = current === undefined ? 1 : compareVersions(versionOf(signed), current)
      if (order < 0) return 'older'
      if (linked.has(peerId)) linked.set(peerId, signed)
      else hints.set(peerId, toHint(signed, arrival), arrival.source)
      if (order === 0) return 'known'
      return current?.incarnation === incarnation ? 'updated' : 'added'
    },
    repeat(peerId, nowMs) {
      hints.replace(peerId, (hint) => ({ ...hint, toldAtMs: nowMs }))
    },
    // A hint that is held is of a later start than the tombstone.
    newestBytes: (peerId) =>
      linked.get(peerId)?.bytes ?? (hints.has(peerId) ? undefined : tombstones.get(peerId)?.bytes),
    link(signed) {
      const { peerId } = signed.record
      hints.delete(peerId)
      linked.set(peerId, signed)
    },
    unlink(peerId, nowMs) {
      const signed = linked.get(peerId)
      if (signed === undefined) return
      linked.delete(peerId)
      hints.set(peerId, toHint(signed, { nowMs, source: peerId }), peerId)
    },
    linked: () => [...linked.values()],
    hints: (toldBeforeMs = Infinity) =>
      [...hints.entries()].flatMap(([, hint]) => (hint.toldAtMs < toldBeforeMs ? hint : [])),
    forgetHint: (peerId) => hints.delete(peerId),
    expire(nowMs) {
      for (const [peerId, { toldAtMs }] of hints.entries()) {
        if (nowMs - toldAtMs > init.hintLifeMs) hints.delete(peerId)
      }
    },
  }
}

type Version = Pick<Hint, 'id' | 'incarnation' | 'sequence'>

function versionOf({ record: { incarnation, sequence }, id }: SignedRecord): Version {
  return { incarnation, sequence, id }
}

function toHint({ record, id }: SignedRecord, { nowMs, source }: Pick<Arrival, 'nowMs' | 'source'>): HeldHint {
  const { peerId, incarnation, sequence } = record
  const addresses: string[] = []
  let room = MAX_HINT_ADDRESS_LENGTH
  for (const address of record.addresses) {
    room -= address.length
    if (room < 0) break
    addresses.push(address)
  }
  return { peerId, addresses, incarnation, sequence, id, source, toldAtMs: nowMs }
}

/** A node that signs two different records with one number is held to the one whose hash is greater, everywhere. */
function compareVersions(one: Version, other: Version): number {
  return (
    one.incarnation - other.incarnation ||
    one.sequence - other.sequence ||
    Number(one.id > other.id) - Number(one.id < other.id)
  )
}
