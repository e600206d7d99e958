import { type AbortOptions, anySignal } from '../base/signals.ts'
import type { InferenceEvent } from './events.ts'

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

/**
 * Several generations as one stream of events, each with the number of the generation it belongs to.
 * At most `limit` run at a time, none is read ahead by more than one event, and the first failure ends them all.
 */
export async function* mergeGenerations(
  starts: readonly StartGeneration[],
  limit: number,
  options: AbortOptions = {},
): AsyncGenerator<IndexedEvent, void> {
  const [only] = starts
  if (starts.length === 1 && only !== undefined) {
    for await (const event of only(options)) yield { index: 0, event }
    return
  }
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

  try {
    for (let slot = 0; slot < limit; slot += 1) startNext()
    while (pulls.size > 0) {
      const { index, generation, result } = await Promise.race(pulls.values())
      // Deleted and set again: the one just served goes to the end of the line.
      pulls.delete(index)
      if (result.done === true) {
        running.delete(index)
        startNext()
      } else {
        yield { index, event: result.value }
        pull(index, generation)
      }
    }
  } finally {
    if (running.size > 0) leaving.abort()
    await Promise.allSettled([...running.values()].map((generation) => generation.return()))
  }
}
