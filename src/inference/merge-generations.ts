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
 * and from then on whoever is first. At most `limit` run at a time, and the first failure ends them all. None is read ahead by
 * more than one event, but where the one whose turn it was before is not there yet.
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
  const leaving = new AbortController()
  const generations = createGenerations(starts, { signal: anySignal(leaving.signal, options.signal) })
  const before = (order?.given ?? []).values()
  try {
    for (let slot = 0; slot < limit; slot += 1) generations.startNext()
    while (generations.running.size > 0) {
      const known = before.next()
      const pulled = await (known.done ? generations.first() : generations.again(known.value))
      const { index, result } = pulled
      if (result.done === true) {
        generations.running.delete(index)
        generations.startNext()
      } else {
        if (known.done) order?.note(index)
        yield { index, event: result.value }
        generations.readOn(pulled)
      }
    }
  } finally {
    const { running } = generations
    if (running.size > 0) leaving.abort()
    await Promise.allSettled([...running.values()].map((generation) => generation.return()))
  }
}

/** Those that run, and what they have said. */
function createGenerations(starts: readonly StartGeneration[], options: AbortOptions) {
  const waiting = starts.entries()
  const running = new Map<number, AsyncGenerator<InferenceEvent, void>>()
  const pulls = new Map<number, Promise<Pulled>>()
  /** Came before their turn. */
  const early: Pulled[] = []

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
    const generation = start(options)
    running.set(index, generation)
    pull(index, generation)
  }

  async function come(): Promise<Pulled> {
    const pulled = await Promise.race(pulls.values())
    // Deleted and set again: the one just served goes to the end of the line.
    pulls.delete(pulled.index)
    return pulled
  }

  function placeOf(index: number): number {
    return early.findIndex((pulled) => pulled.index === index)
  }

  /** One that is not asked already. */
  function readOn({ index, generation, result }: Pulled): void {
    if (result.done !== true && !pulls.has(index) && placeOf(index) === -1) pull(index, generation)
  }

  return {
    running,
    startNext,
    readOn,
    first: async (): Promise<Pulled> => early.shift() ?? (await come()),
    /**
     * The one that was next when these events were given before. Those that come sooner this time are read on: one of them
     * may have the place in the model that this one waits for.
     */
    async again(index: number): Promise<Pulled> {
      // Those in whose place it came have nothing more to say.
      while (!running.has(index) && running.size < starts.length) startNext()
      if (!running.has(index)) throw differs()
      while (placeOf(index) === -1) {
        const pulled = await come()
        early.push(pulled)
        if (pulled.result.done !== true && pulled.index !== index) pull(pulled.index, pulled.generation)
      }
      const [own] = early.splice(placeOf(index), 1)
      if (own === undefined || own.result.done === true) throw differs()
      return own
    },
  }
}

function differs(): AppError {
  return new AppError('backend.failed', 'the answer was to be given again and is another one than before')
}
