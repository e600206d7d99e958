import type { Comparison } from '../journal/answer-journal.ts'
import type { Candidate } from '../policies/choose.ts'
import type { AnswerHead, Leg, Piece } from './leg.ts'

export interface TrackInit {
  readonly leg: Leg
  readonly candidate: Candidate
  readonly since: number
  readonly comparison: Comparison
}

/** One node at work on a request, and how far it has come. */
export class Track implements TrackInit {
  readonly leg: Leg
  readonly candidate: Candidate
  readonly since: number
  readonly comparison: Comparison
  head: AnswerHead | undefined
  /** Something was heard of it. */
  signed = false
  /** It is among the attempts. */
  noted = false
  /** It gives another answer than the one that the client has the beginning of. */
  differs = false
  #pending: Promise<Piece> | undefined
  #beyond: Buffer | undefined

  constructor({ leg, candidate, since, comparison }: TrackInit) {
    this.leg = leg
    this.candidate = candidate
    this.since = since
    this.comparison = comparison
  }

  /** Resolves with this when the next piece, or the failure to get one, is there. */
  ready(): Promise<this> {
    this.#pending ??= this.leg.next()
    const here = (): this => this
    return this.#pending.then(here, here)
  }

  /** The next piece. */
  async take(): Promise<Piece> {
    const pending = this.#pending ?? this.leg.next()
    this.#pending = undefined
    return await pending
  }

  /** What of these bytes the client does not have. Looked at once; given out by `rest`. */
  beyond(bytes: Buffer): boolean {
    const rest = this.comparison.take(bytes)
    this.differs = rest === 'differs'
    if (rest === 'differs' || rest.length === 0) return false
    this.#beyond = rest
    return true
  }

  rest(bytes: Buffer): Buffer {
    if (this.#beyond === undefined && !this.beyond(bytes)) return bytes.subarray(0, 0)
    const rest = this.#beyond ?? bytes
    this.#beyond = undefined
    return rest
  }
}
