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
  const ending = new AbortController()
  const head = Promise.withResolvers<AnswerHead>()
  head.promise.catch(() => {})
  /** With the place of the next piece that each gets. */
  const readers = new Set<{ next: number }>()
  const pieces: Uint8Array[] = []
  let forgotten = 0
  let bytes = 0
  let kept = true
  let over: { readonly error?: unknown } | undefined
  let changed = Promise.withResolvers<void>()
  let patience: NodeJS.Timeout | undefined

  const answer: KeptAnswer = {
    get bytes() {
      return bytes
    },
    get over() {
      return over !== undefined
    },
    get whole() {
      return kept
    },
    read,
    drop() {
      kept = false
      trim()
      tell()
      lose()
    },
  }

  function tell(): void {
    const { resolve } = changed
    changed = Promise.withResolvers()
    resolve()
    init.changed(answer)
  }

  /** Lets go of what every reader has got. */
  function trim(): void {
    if (kept) return
    const least = Math.min(forgotten + pieces.length, ...[...readers].map(({ next }) => next))
    for (const piece of pieces.splice(0, least - forgotten)) bytes -= piece.length
    forgotten = least
  }

  function lose(): void {
    if (readers.size === 0 && over === undefined) {
      ending.abort(new AppError('request.cancelled', 'nobody waits for the answer'))
    }
  }

  function wait(): void {
    clearTimeout(patience)
    if (over !== undefined || readers.size > 0) return
    if (!kept) return lose()
    const { patienceMs, patienceOnceLostMs, lost } = init
    patience = setTimeout(() => {
      if (!kept || !lost() || patienceOnceLostMs <= patienceMs) lose()
      else patience = setTimeout(lose, patienceOnceLostMs - patienceMs)
    }, patienceMs)
    // An answer that nobody reads keeps no process alive.
    patience.unref()
  }

  async function take(piece: Uint8Array): Promise<void> {
    pieces.push(piece)
    bytes += piece.length
    if (kept && bytes > init.maxBytes) kept = false
    trim()
    tell()
    if (!kept) lose()
    while (!kept && bytes > HIGH_WATER_BYTES && !ending.signal.aborted) {
      await raceSignal(changed.promise, ending.signal)
    }
  }

  async function run(): Promise<void> {
    try {
      const made = await raceSignal(make(ending.signal), ending.signal)
      if (made.status >= 300) kept = false
      head.resolve({ status: made.status, headers: made.headers })
      for await (const piece of made.body) await take(piece)
      over = {}
    } catch (thrown) {
      const error = ending.signal.aborted ? ending.signal.reason : thrown
      kept = false
      over = { error }
      head.reject(error)
    }
    clearTimeout(patience)
    trim()
    tell()
  }

  function read(): Reader {
    const reader = { next: forgotten }
    if (forgotten > 0) throw new AppError('internal', 'the beginning of the answer is no longer there')
    readers.add(reader)
    clearTimeout(patience)
    return {
      head: ({ signal } = {}) => raceSignal(head.promise, signal),
      async *body({ signal } = {}) {
        for (;;) {
          signal?.throwIfAborted()
          const piece = pieces[reader.next - forgotten]
          if (piece !== undefined) {
            reader.next += 1
            trim()
            tell()
            yield piece
          } else if (over === undefined) await raceSignal(changed.promise, signal)
          else if ('error' in over) throw over.error
          else return
        }
      },
      leave() {
        if (!readers.delete(reader)) return
        trim()
        tell()
        wait()
      },
    }
  }

  wait()
  void run()
  return answer
}
