import { crc32 } from 'node:zlib'
import { ANSWER_MARKS } from '../../base/answer-marks.ts'

/** More tokens than this, with their log probabilities, are not kept: the answer cannot be carried on then. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024
const COUNT_BYTES = 2
/** Of a record: its id and its length, four bytes each. */
const PREFIX_BYTES = 8
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
  /**
   * Whether tools are run on the way: `none` before anybody has said so; `some` when they are, and nobody else may begin this
   * answer meanwhile; `begun` when one has been run; `running` while nobody knows what one has done.
   */
  readonly tools: 'none' | 'some' | 'begun' | 'running'
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
  #tools: AnswerJournal['tools'] = 'none'
  #callsLeft = 0
  #sentBytes = 0
  #checksum = 0

  get tokens(): number {
    return this.#tokens
  }

  get tools(): AnswerJournal['tools'] {
    return this.#tools
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
    if (count === 0 && payload.length >= COUNT_BYTES + PREFIX_BYTES) this.#readMark(payload.subarray(COUNT_BYTES))
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
    this.#tools = 'none'
  }

  records(): Buffer {
    return Buffer.from(this.#records.subarray(0, this.#recordBytes))
  }

  compare(): Comparison {
    return new AnswerComparison(this)
  }

  /** They are told alone. */
  #readMark(record: Buffer): void {
    const id = record.readInt32BE()
    if (id === ANSWER_MARKS.runsTools) {
      this.#tools = 'some'
    } else if (id === ANSWER_MARKS.callsBegin && record.length >= PREFIX_BYTES + 4) {
      this.#callsLeft = record.readUInt32BE(PREFIX_BYTES)
      this.#tools = 'running'
    } else if (id === ANSWER_MARKS.toolResult && this.#tools === 'running') {
      this.#callsLeft -= 1
      if (this.#callsLeft <= 0) this.#tools = 'begun'
    }
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
