import { AppError } from '../base/errors.ts'
import type { RoundEvent } from '../inference/events.ts'
import type { ResponseEvent } from './events.ts'
import { isFinished, type ResponseError, type ResponseResource } from './resource.ts'
import type { ResponseState } from './response-state.ts'

/** A response that is being made. */
export interface LiveResponse {
  readonly id: string
  /** Aborts when the response is cancelled, deleted, or given up because the node stops. */
  readonly signal: AbortSignal
  resource(): ResponseResource
  /** The first events of a stream; to be asked for once, before anything else. */
  opening(): readonly ResponseEvent[]
  /**
   * Works the answer off and gives the events that it makes, the last one of the response included. The response is
   * stored before that one is given. Throws what `answer` throws, but for a cancelled response: that ends like any
   * other. Leaving early cancels.
   */
  follow(answer: AsyncIterable<RoundEvent>): AsyncGenerator<ResponseEvent, void>
  /** After `follow` has thrown: the end of a stream that had begun. Stores the response. */
  fail(error: unknown): readonly ResponseEvent[]
  /** After `follow` has thrown, and nobody was told of the response or another node goes on with it: here there is none. */
  discard(): void
}

export interface LiveResponseDeps {
  readonly state: ResponseState
  readonly abort: AbortController
  /** Resolves when it is on the disk, or never will be. */
  readonly save: (resource: ResponseResource) => Promise<void>
  /** Called once, when nothing more will happen; or, instead, `withdraw`, when nothing of it is to stay. */
  readonly over: () => void
  readonly withdraw: () => void
  /** What a client may know of a failure. */
  readonly describe: (error: unknown) => ResponseError
  /** Unix milliseconds. */
  readonly now: () => number
}

/** The first of these reasons decides how an aborted response ends. */
export const CANCELLED = new AppError('request.cancelled', 'the response was cancelled')

export function createLiveResponse(
  { state, abort, save, over, withdraw, describe, now }: LiveResponseDeps,
  {
    id,
    savesEarly,
  }: { readonly id: string /** Others may ask for it before it is finished. */; readonly savesEarly: boolean },
): LiveResponse {
  const { signal } = abort

  async function finish(events: readonly ResponseEvent[]): Promise<readonly ResponseEvent[]> {
    await save(state.resource())
    over()
    return events
  }

  async function* work(answer: AsyncIterable<RoundEvent>): AsyncGenerator<ResponseEvent, void> {
    let begun = false
    for await (const event of answer) {
      if (!begun && savesEarly) void save(state.resource())
      begun = true
      yield* state.add(event)
    }
    yield* await finish(state.completed(Math.floor(now() / 1000)))
  }

  return {
    id,
    signal,
    resource: state.resource,
    opening: () => [...state.created(), ...state.started()],
    async *follow(answer) {
      let thrown = false
      try {
        yield* work(answer)
      } catch (error) {
        thrown = signal.reason !== CANCELLED
        if (thrown) throw signal.aborted ? signal.reason : error
        yield* await finish(state.cancelled())
      } finally {
        if (!thrown && !isFinished(state.resource())) void finish(state.cancelled())
      }
    },
    fail(error) {
      const left = error instanceof AppError && error.code === 'request.cancelled'
      const events = left ? state.cancelled() : state.failed(describe(error))
      if (events.length > 0) void finish(events)
      return events
    },
    discard: withdraw,
  }
}
