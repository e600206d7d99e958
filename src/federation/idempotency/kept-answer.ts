import { AppError } from '../../base/errors.ts'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'

export interface AnswerHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
}

/** An answer as it is being made. */
export interface MadeAnswer extends AnswerHead {
  readonly body: AsyncIterable<Uint8Array>
}

/** One who reads along, from the first byte on. To be left in any case. */
export interface Reader {
  /** Throws what ended the making before there was a head. */
  head(options?: AbortOptions): Promise<AnswerHead>
  /** All bytes from the first on, then those to come. Throws what broke the making off. */
  body(options?: AbortOptions): AsyncGenerator<Uint8Array, void>
  leave(): void
}

/** An answer that is kept while it is made and afterwards, for any number of readers. */
export interface KeptAnswer {
  /** Bytes that it holds now. */
  readonly bytes: number
  readonly over: boolean
  /** To be read by newcomers: it is no failure, and nothing of it was forgotten. */
  readonly whole: boolean
  read(): Reader
  /** It is no longer kept: only those who read it already see the rest. */
  drop(): void
}

export interface KeptAnswerInit {
  readonly maxBytes: number
  /** How long the making goes on with nobody who reads: the one who asked may come back. */
  readonly patienceMs: number
  /** And while `lost()`: then nobody has taken it back. */
  readonly patienceOnceLostMs: number
  /** Whether the node that asked for it has gone. */
  readonly lost: () => boolean
  /** It holds more or less than before, or has changed in another way. */
  readonly changed: (answer: KeptAnswer) => void
}

/** What a reader may be behind before the making waits, once the answer is not kept. */
const HIGH_WATER_BYTES = 64 * 1024

/** Begins at once. Kept, it is made as fast as it can be; not kept, as fast as the slowest reader reads. */
export function keepAnswer(make: (signal: AbortSignal) => Promise<MadeAnswer>, init: KeptAnswerInit): KeptAnswer {
  const answer = new AnswerInTheMaking(init)
  void answer.run(make)
  return answer
}

/** With the place of the next piece that it gets. */
interface Place {
  next: number
}

class AnswerInTheMaking implements KeptAnswer {
  readonly #init: KeptAnswerInit
  readonly #ending = new AbortController()
  readonly #head = Promise.withResolvers<AnswerHead>()
  readonly #readers = new Set<Place>()
  readonly #pieces: Uint8Array[] = []
  /** Pieces before the first one that is still there. */
  #forgotten = 0
  #bytes = 0
  #kept = true
  #over: { readonly error?: unknown } | undefined
  #changed = Promise.withResolvers<void>()
  #patience: NodeJS.Timeout | undefined

  constructor(init: KeptAnswerInit) {
    this.#init = init
    this.#head.promise.catch(() => {})
    this.#wait()
  }

  get bytes(): number {
    return this.#bytes
  }

  get over(): boolean {
    return this.#over !== undefined
  }

  get whole(): boolean {
    return this.#kept
  }

  async run(make: (signal: AbortSignal) => Promise<MadeAnswer>): Promise<void> {
    const { signal } = this.#ending
    try {
      const { status, headers, body } = await raceSignal(make(signal), signal)
      if (status >= 300) this.#kept = false
      this.#head.resolve({ status, headers })
      for await (const piece of body) await this.#take(piece)
      this.#over = {}
    } catch (thrown) {
      const error: unknown = signal.aborted ? signal.reason : thrown
      this.#kept = false
      this.#over = { error }
      this.#head.reject(error)
    }
    clearTimeout(this.#patience)
    this.#trim()
    this.#tell()
  }

  drop(): void {
    this.#kept = false
    this.#trim()
    this.#tell()
    this.#lose()
  }

  read(): Reader {
    if (this.#forgotten > 0) throw new AppError('internal', 'the beginning of the answer is no longer there')
    const place: Place = { next: 0 }
    this.#readers.add(place)
    clearTimeout(this.#patience)
    return {
      head: ({ signal } = {}) => raceSignal(this.#head.promise, signal),
      body: ({ signal } = {}) => this.#readFrom(place, signal),
      leave: () => {
        if (!this.#readers.delete(place)) return
        this.#trim()
        this.#tell()
        this.#wait()
      },
    }
  }

  async *#readFrom(place: Place, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      signal?.throwIfAborted()
      const piece = this.#pieces[place.next - this.#forgotten]
      if (piece !== undefined) {
        place.next += 1
        if (!this.#kept) {
          this.#trim()
          this.#tell()
        }
        yield piece
      } else if (this.#over === undefined) await raceSignal(this.#changed.promise, signal)
      else if ('error' in this.#over) throw this.#over.error
      else return
    }
  }

  async #take(given: Uint8Array): Promise<void> {
    const piece = this.#kept ? alone(given) : given
    this.#pieces.push(piece)
    this.#bytes += piece.length
    if (this.#kept && this.#bytes > this.#init.maxBytes) this.#kept = false
    this.#trim()
    this.#tell()
    if (!this.#kept) this.#lose()
    while (!this.#kept && this.#bytes > HIGH_WATER_BYTES) await raceSignal(this.#changed.promise, this.#ending.signal)
  }

  #tell(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers()
    resolve()
    this.#init.changed(this)
  }

  /** Not kept, it lets go of what every reader has got. */
  #trim(): void {
    if (this.#kept) return
    const end = this.#forgotten + this.#pieces.length
    const least = Math.min(end, ...[...this.#readers].map(({ next }) => next))
    for (const piece of this.#pieces.splice(0, least - this.#forgotten)) this.#bytes -= piece.length
    this.#forgotten = least
  }

  #lose(): void {
    if (this.#readers.size > 0 || this.#over !== undefined) return
    this.#ending.abort(new AppError('request.cancelled', 'nobody waits for the answer'))
  }

  /** Nobody reads: from here on it is made for whoever comes back. */
  #wait(): void {
    clearTimeout(this.#patience)
    if (this.#over !== undefined || this.#readers.size > 0) return
    if (!this.#kept) {
      this.#lose()
      return
    }
    const { patienceMs, patienceOnceLostMs, lost } = this.#init
    this.#patience = setTimeout(() => {
      if (lost()) this.#patience = setTimeout(() => this.#lose(), patienceOnceLostMs - patienceMs).unref()
      else this.#lose()
    }, patienceMs).unref()
  }
}

/** What is read from a connection is a few bytes in a buffer of 64 KiB, all of which would be kept with them. */
function alone(piece: Uint8Array): Uint8Array {
  return piece.buffer.byteLength > piece.byteLength ? new Uint8Array(piece) : piece
}
