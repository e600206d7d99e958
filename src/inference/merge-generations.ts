import { AppError } from '../base/errors.ts'
import { type AbortOptions, anySignal } from '../base/signals.ts'
import type { InferenceEvent } from './events.ts'
import type { EventOrder } from './split-continuity.ts'

export interface IndexedEvent {
  readonly index: number
  readonly event: InferenceEvent
}

export type StartGeneration = (options: AbortOptions) => AsyncGenerator<InferenceEvent, void>

interface Pulled {
  readonly index: number
  readonly generation: AsyncGenerator<InferenceEvent, void>
  readonly result: IteratorResult<InferenceEvent, void>
}

export interface MergeOptions extends AbortOptions {
  /** Absent: nobody goes on with these events elsewhere. */
  readonly order?: EventOrder | undefined
}

/**
 * Several generations as one stream of events, each with the number of the generation it belongs to: in the order that was,
 * and from then on whoever is first. At most `limit` run at a time, none is read ahead by more than one event, and the first
 * failure ends them all.
 */
export async function* mergeGenerations(
  starts: readonly StartGeneration[],
  limit: number,
  { order, ...options }: MergeOptions = {},
): AsyncGenerator<IndexedEvent, void> {
  const [only] = starts
  if (starts.length === 1 && only !== undefined) {
    for await (const event of only(options)) yield { index: 0, event }
    return
  }
  const before = (order?.given ?? []).values()
  const leaving = new AbortController()
  const signal = anySignal(leaving.signal, options.signal)
  const waiting = starts.entries()
  const running = new Map<number, AsyncGenerator<InferenceEvent, void>>()
  const pulls = new Map<number, Promise<Pulled>>()

  function pull(index: number, generation: AsyncGenerator<InferenceEvent, void>): void {
    const pulled = generation.next().then((result) => ({ index, generation, result }))
    // A second failure has nobody waiting for it.
    pulled.catch(() => {})
    pulls.set(index, pulled)
  }

  function startNext(): void {
    const next = waiting.next()
    if (next.done === true) return
    const [index, start] = next.value
    const generation = start({ signal })
    running.set(index, generation)
    pull(index, generation)
  }

  /** The one that was next when these events were given before. */
  function again(index: number): Promise<Pulled> {
    // Those in whose place it came have nothing more to say.
    while (!pulls.has(index) && running.size < starts.length) startNext()
    const pulled = pulls.get(index)
    if (pulled === undefined) throw differs()
    return pulled.then((one) => (one.result.done === true ? Promise.reject(differs()) : one))
  }

  try {
    for (let slot = 0; slot < limit; slot += 1) startNext()
    while (pulls.size > 0) {
      const known = before.next()
      const { index, generation, result } = await (known.done ? Promise.race(pulls.values()) : again(known.value))
      // Deleted and set again: the one just served goes to the end of the line.
      pulls.delete(index)
      if (result.done === true) {
        running.delete(index)
        startNext()
      } else {
        if (known.done) order?.note(index)
        yield { index, event: result.value }
        pull(index, generation)
      }
    }
  } finally {
    if (running.size > 0) leaving.abort()
    await Promise.allSettled([...running.values()].map((generation) => generation.return()))
  }
}

function differs(): AppError {
  return new AppError('backend.failed', 'the answer was to be given again and is another one than before')
}
