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
  return new Journal()
}

/** A class, as everything that is made for each request and has properties that are computed: see docs/decisions/0017. */
class Journal implements AnswerJournal {
  /** In one piece, with room for more: many tiny ones would cost a multiple of what is in them. */
  #records = NOTHING
  #recordBytes = 0
  #tokens = 0
  #complete = true
  #sentBytes = 0
  #checksum = 0

  get tokens(): number {
    return this.#tokens
  }

  get sentBytes(): number {
    return this.#sentBytes
  }

  get complete(): boolean {
    return this.#complete
  }

  /** Of all that was sent. */
  get checksum(): number {
    return this.#checksum
  }

  note(payload: Buffer): number {
    if (payload.length < COUNT_BYTES) return 0
    const count = payload.readUInt16BE(0)
    this.#tokens += count
    if (this.#complete) this.#keep(payload.subarray(COUNT_BYTES))
    return count
  }

  sent(bytes: Uint8Array): void {
    this.#checksum = crc32(bytes, this.#checksum)
    this.#sentBytes += bytes.length
  }

  forgetTokens(): void {
    this.#forgetRecords()
    this.#tokens = 0
    this.#complete = true
  }

  records(): Buffer {
    return Buffer.from(this.#records.subarray(0, this.#recordBytes))
  }

  compare(): Comparison {
    return new AnswerComparison(this)
  }

  #forgetRecords(): void {
    this.#records = NOTHING
    this.#recordBytes = 0
  }

  /** Copied: a frame is a view of a large buffer, which must not be kept for its sake. */
  #keep(bytes: Buffer): void {
    const end = this.#recordBytes + bytes.length
    if (end > MAX_RECORD_BYTES) {
      this.#complete = false
      this.#forgetRecords()
      return
    }
    const { length } = this.#records
    if (end > length) {
      const larger = Buffer.alloc(Math.min(MAX_RECORD_BYTES, Math.max(FIRST_BYTES, 2 * length, end)))
      this.#records.copy(larger, 0, 0, this.#recordBytes)
      this.#records = larger
    }
    this.#recordBytes += bytes.copy(this.#records, this.#recordBytes)
  }
}

class AnswerComparison implements Comparison {
  readonly #journal: Journal
  #left: number
  #running = 0

  constructor(journal: Journal) {
    this.#journal = journal
    this.#left = journal.sentBytes
  }

  get done(): boolean {
    return this.#left === 0
  }

  take(bytes: Buffer): Buffer | 'differs' {
    if (this.#left === 0) return bytes
    const again = bytes.subarray(0, this.#left)
    this.#running = crc32(again, this.#running)
    this.#left -= again.length
    if (this.#left === 0 && this.#running !== this.#journal.checksum) return 'differs'
    return bytes.subarray(again.length)
  }
}
