import { NewestMap } from '../../base/newest-map.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { claimedSigner } from './record-codec.ts'
import type { RecordStore } from './record-store.ts'

export interface HearsayDeps {
  readonly log: Pick<Logger, 'debug'>
  readonly store: Pick<RecordStore, 'newestOf' | 'repeat'>
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

/**
 * Which hearsay is worth checking a signature. Every member tells of everybody who joins, so most of it has been heard
 * before; and no member may keep this node busy with what is new.
 */
export interface Hearsay {
  /**
   * The very same record of somebody else than its teller was taken, and it or a newer one is still held. Renews the
   * hint.
   */
  isKnown(id: string, teller: string): boolean
  /** The record was checked and taken. */
  remember(id: string, peerId: string): void
  /** False when the member has told more of others than it may for now. Its own words cost it nothing. */
  affords(teller: string, bytes: Uint8Array): boolean
}

interface Allowance {
  records: number
  bytes: number
  at: number
}

const MAX_REMEMBERED = 4096
/** A snapshot of a large network at once, then this much a second. What is refused comes again when nodes compare notes. */
const BURST = { records: 1024, bytes: 8 * 1024 * 1024 }
const PER_SECOND = { records: 20, bytes: 128 * 1024 }
/** Beyond, whoever has told nothing for longest is forgotten. */
const MAX_TELLERS = 512

export function createHearsay({ log, store, now = () => performance.now() }: HearsayDeps): Hearsay {
  const remembered = new NewestMap<string, string>(MAX_REMEMBERED)
  const allowances = new NewestMap<string, Allowance>(MAX_TELLERS)

  function allowanceOf(teller: string): Allowance {
    const at = now()
    const before = allowances.get(teller) ?? { ...BURST, at }
    const seconds = (at - before.at) / 1000
    const allowance = {
      records: Math.min(BURST.records, before.records + seconds * PER_SECOND.records),
      bytes: Math.min(BURST.bytes, before.bytes + seconds * PER_SECOND.bytes),
      at,
    }
    allowances.set(teller, allowance)
    return allowance
  }
  return {
    isKnown(id, teller) {
      const peerId = remembered.get(id)
      if (peerId === undefined || peerId === teller) return false
      const newest = store.newestOf(peerId)
      if (newest === undefined) return false
      if (newest.id === id) store.repeat(peerId, now())
      return true
    },
    remember(id, peerId) {
      remembered.set(id, peerId)
    },
    affords(teller, bytes) {
      if (claimedSigner(bytes) === teller) return true
      const allowance = allowanceOf(teller)
      if (allowance.records < 1 || allowance.bytes < bytes.byteLength) {
        log.debug({ peer: teller }, 'it tells too much of others: not listened to')
        return false
      }
      allowance.records -= 1
      allowance.bytes -= bytes.byteLength
      return true
    },
  }
}
