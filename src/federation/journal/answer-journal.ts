import { crc32 } from 'node:zlib'

/** More tokens than this, with their log probabilities, are not kept: the answer cannot be carried on then. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024
const COUNT_BYTES = 2
const FIRST_BYTES = 1024
const NOTHING = Buffer.alloc(0)

/**
 * What the entry keeps of an answer so that another node can carry it on: the tokens, as the serving node told them, and
 * how many bytes the client has, with their checksum. At most 4 MiB.
 */
export interface AnswerJournal {
  readonly tokens: number
  readonly sentBytes: number
  /** False from when it holds too much. */
  readonly complete: boolean
  /** The payload of a `tokens` frame. Gives how many tokens it told. */
  note(payload: Buffer): number
  sent(bytes: Uint8Array): void
  /** Forgets the tokens: an answer that nobody has seen anything of begins anew. */
  forgetTokens(): void
  /** The records of all tokens, as they go to the next node. */
  records(): Buffer
  /** Compares an answer that begins anew with what the client has. */
  compare(): Comparison
}

export interface Comparison {
  /** The part of `bytes` that the client has not; `differs` when the answer is another one. */
  take(bytes: Buffer): Buffer | 'differs'
  /** Whether all that the client has came again. */
  readonly done: boolean
}

export function createAnswerJournal(): AnswerJournal {
  /** In one piece, with room for more: many tiny ones would cost a multiple of what is in them. */
  let records = NOTHING
  let recordBytes = 0
  let tokens = 0
  let complete = true
  let sentBytes = 0
  let checksum = 0

  function forgetRecords(): void {
    records = NOTHING
    recordBytes = 0
  }

  /** Copied: a frame is a view of a large buffer, which must not be kept for its sake. */
  function keep(bytes: Buffer): void {
    const end = recordBytes + bytes.length
    if (end > MAX_RECORD_BYTES) {
      complete = false
      forgetRecords()
      return
    }
    if (end > records.length) {
      const larger = Buffer.alloc(Math.min(MAX_RECORD_BYTES, Math.max(FIRST_BYTES, 2 * records.length, end)))
      records.copy(larger, 0, 0, recordBytes)
      records = larger
    }
    recordBytes += bytes.copy(records, recordBytes)
  }

  return {
    get tokens() {
      return tokens
    },
    get sentBytes() {
      return sentBytes
    },
    get complete() {
      return complete
    },
    note(payload) {
      if (payload.length < COUNT_BYTES) return 0
      const count = payload.readUInt16BE(0)
      tokens += count
      if (complete) keep(payload.subarray(COUNT_BYTES))
      return count
    },
    sent(bytes) {
      checksum = crc32(bytes, checksum)
      sentBytes += bytes.length
    },
    forgetTokens() {
      forgetRecords()
      tokens = 0
      complete = true
    },
    records: () => Buffer.from(records.subarray(0, recordBytes)),
    compare() {
      let left = sentBytes
      let running = 0
      return {
        get done() {
          return left === 0
        },
        take(bytes) {
          if (left === 0) return bytes
          const again = bytes.subarray(0, left)
          running = crc32(again, running)
          left -= again.length
          if (left === 0 && running !== checksum) return 'differs'
          return bytes.subarray(again.length)
        },
      }
    },
  }
}
