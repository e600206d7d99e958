import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Logger } from '../../telemetry/logger.ts'
import { fitRecord, toLeavingRecord } from './fit-record.ts'
import type { NodeOffer, NodeRecord } from './node-record.ts'
import { type SignedRecord, sealRecord } from './record-codec.ts'
import { RECORD_BOUNDS } from './record-schema.ts'

export interface OwnRecordDeps {
  readonly log: Pick<Logger, 'warn' | 'error'>
  readonly privateKey: PrivateKey
  /** Where this node can be dialled, now. */
  readonly addresses: () => readonly string[]
  readonly onPublished: (signed: SignedRecord) => void
  /** Unix milliseconds. */
  readonly now?: () => number
}

export interface OwnRecordInit {
  readonly name: string
  readonly version: string
  /** Changes within this time make one record. */
  readonly gatherMs: number
  /** Least time between two records. */
  readonly restMs: number
}

/** What this node says of itself. A record goes out when what it would say differs from what it said last. */
export interface OwnRecord {
  /** Begins a new incarnation, and signs its first record. */
  start(): Promise<void>
  /** May be called often: an offer like the last one is passed over, but for a look at the addresses now and then. */
  advertise(offer: NodeOffer): void
  /** The addresses may have changed. */
  look(): void
  /**
   * Begins anew when the clock went back by more than this since the start: whoever hears of that start from others would
   * not believe it. For a node that nobody has a link to; whoever has one would take it for news of the past.
   */
  followClock(maxAheadMs: number): void
  /** Undefined before the first was signed. */
  current(): SignedRecord | undefined
  /**
   * A record with this node's own signature came from elsewhere. When it is not from this start, and newer, this node's
   * clock went back meanwhile, and nobody would believe what it says: it continues above.
   */
  overtake(record: NodeRecord): void
  /** The goodbye. Nothing is published after it. */
  leave(): Promise<SignedRecord>
}

/** One is a clock that went back; more is another node that has the same key and does the same. */
const OVERTAKES_BEFORE_WARNING = 3
/** To list the addresses is to ask the system for every interface of this machine. */
const ADDRESSES_AGAIN_MS = 2000
/** Of those that are left out, in a line of the log. */
const MAX_MODELS_NAMED = 8

export function createOwnRecord(deps: OwnRecordDeps, init: OwnRecordInit): OwnRecord {
  const { log, privateKey, now = Date.now } = deps
  const peerId = peerIdFromPrivateKey(privateKey).toString()
  const noteLeftOut = createLeftOutNote(log)
  let offer = emptyOffer(init.version)
  let incarnation = 0
  let sequence = 0
  let told = ''
  let offered = ''
  let addressesAgainAt = 0
  let current: SignedRecord | undefined
  let timer: NodeJS.Timeout | undefined
  let restUntil = 0
  let running = false
  let overtakes = 0
  let signing = Promise.resolve()

  function draft(): NodeRecord {
    const addresses = deps.addresses()
    const { record, modelsLeftOut } = fitRecord({
      ...{ peerId, name: init.name, incarnation, sequence },
      ...{ addresses, offer, leaving: false },
    })
    noteLeftOut(modelsLeftOut, { offer, record })
    return record
  }
  async function publish(): Promise<void> {
    const { sequence: _, ...words } = draft()
    const text = JSON.stringify(words)
    if (!running || text === told) return
    told = text
    sequence += 1
    const signed = await sealRecord({ ...words, sequence }, privateKey)
    current = signed
    if (running) deps.onPublished(signed)
  }
  /** One at a time, so that the sequence is the order of sending. */
  function publishInTurn(): Promise<void> {
    signing = signing.then(publish).catch((error: unknown) => {
      log.error({ err: error }, 'the record of this node could not be signed')
    })
    return signing
  }
  function look(): void {
    if (!running || timer !== undefined) return
    const waitMs = Math.max(init.gatherMs, restUntil - performance.now())
    timer = setTimeout(() => {
      timer = undefined
      restUntil = performance.now() + init.restMs
      addressesAgainAt = performance.now() + ADDRESSES_AGAIN_MS
      void publishInTurn()
    }, waitMs).unref()
  }
  return {
    async start() {
      running = true
      incarnation = Math.max(now(), incarnation + 1)
      sequence = 0
      told = ''
      await publishInTurn()
    },
    advertise(next) {
      const text = JSON.stringify(next)
      if (text === offered && performance.now() < addressesAgainAt) return
      offered = text
      offer = next
      look()
    },
    look,
    followClock(maxAheadMs) {
      if (!running || incarnation <= now() + maxAheadMs) return
      incarnation = now()
      look()
    },
    current: () => current,
    overtake(record) {
      const isOwn = record.incarnation === incarnation && record.sequence <= sequence
      if (!running || isOwn || record.incarnation < incarnation) return
      overtakes += 1
      if (overtakes >= OVERTAKES_BEFORE_WARNING) {
        log.warn({ overtakes }, 'another node seems to run with the key of this one: give each its own data folder')
      }
      incarnation = record.incarnation + 1
      look()
    },
    async leave() {
      running = false
      clearTimeout(timer)
      timer = undefined
      await signing
      return await sealRecord(toLeavingRecord(current?.record ?? draft()), privateKey)
    },
  }
}

/** Of models that a record has no room for: once for each number, not for each draft. */
function createLeftOutNote(log: OwnRecordDeps['log']) {
  let leftOut = 0
  return (count: number, { offer, record }: { readonly offer: NodeOffer; readonly record: NodeRecord }): void => {
    if (count === leftOut) return
    leftOut = count
    if (count === 0) return
    const told = new Set(record.offer.models.map(({ name }) => name))
    const others = offer.models.filter(({ name }) => !told.has(name))
    const models = others.slice(0, MAX_MODELS_NAMED).map(({ name }) => name.slice(0, RECORD_BOUNDS.nameLength))
    log.warn({ modelsLeftOut: count, models }, 'the record of this node has no room for all its models')
  }
}

function emptyOffer(version: string): NodeOffer {
  return {
    version,
    group: '',
    serves: false,
    models: [],
    backends: [],
    slots: 0,
    memoryTotalBytes: 0,
    device: '',
    draining: false,
  }
}
