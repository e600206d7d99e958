import { AppError, type ErrorCode } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { fromPeerHeaders } from '../forwarded-headers.ts'
import type { Attempt, Routed, RoutedRequest } from '../routed-request.ts'
import type { RequestFinished } from '../routing-events.ts'
import { Relay } from './relay.ts'
import type { RelayDeps, RelayInit, Shown } from './relay-deps.ts'

/**
 * One request on its way, and its answer, whoever makes it. Pull-based: a client that does not read stops the node.
 * Measured by bench/forward.ts and bench/chaos.ts.
 */
export class AnswerRun implements AsyncIterableIterator<Uint8Array> {
  readonly #deps: RelayDeps
  readonly #facts: { readonly request: RoutedRequest } & AbortOptions
  readonly #relay: Relay
  readonly #began: number
  #first: Shown | undefined
  #over: { readonly error?: unknown } | undefined

  constructor(deps: RelayDeps, init: RelayInit, facts: { readonly request: RoutedRequest } & AbortOptions) {
    this.#deps = deps
    this.#facts = facts
    this.#began = deps.now()
    this.#relay = new Relay(deps, init, { ...facts, began: this.#began })
  }

  get attempts(): readonly Attempt[] {
    return this.#relay.attempts
  }

  /** Since the request came. */
  get ms(): number {
    return this.#deps.now() - this.#began
  }

  /** Up to the first bytes of an answer, or its end. Throws as `RequestRouter.route` does. */
  async begin(): Promise<Routed> {
    const first = await this.#relay.advance().catch((error: unknown) => {
      this.#relay.close(codeOf(error))
      throw error
    })
    if (first.kind === 'local') return { kind: 'local', place: { release: first.place.release } }
    this.#first = first
    this.#relay.show()
    const { status = 502, headers = {} } = this.#relay.head ?? {}
    const { peerId = '', name = '' } = this.#relay.node ?? {}
    const attempts = [...this.attempts]
    const answer = { status, headers: fromPeerHeaders(headers), body: this, node: { peerId, name }, attempts }
    return { kind: 'remote', answer }
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#over !== undefined) {
      if ('error' in this.#over) throw this.#over.error
      return { value: undefined, done: true }
    }
    try {
      const shown = this.#first ?? (await this.#relay.advance())
      this.#first = undefined
      if (shown.kind === 'bytes') return { value: shown.bytes, done: false }
      this.#finish('answered')
    } catch (error) {
      const cancelled = this.#facts.signal?.aborted === true || this.#deps.stopping() !== undefined
      this.#finish(cancelled ? 'cancelled' : 'lost', codeOf(error))
      this.#over = { error }
      throw error
    }
    return { value: undefined, done: true }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#finish('cancelled')
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #finish(outcome: RequestFinished['outcome'], code?: ErrorCode): void {
    if (this.#over !== undefined) return
    this.#over = {}
    const { peerId, name } = this.#relay.node ?? { peerId: '', name: '' }
    const told = this.#relay.close(code)
    this.#deps.events.finished(this.#facts.request, {
      ...{ peerId, name, outcome, ...told },
      status: this.#relay.head?.status ?? 502,
      ms: this.ms,
    })
  }
}

function codeOf(error: unknown): ErrorCode {
  return AppError.from(error, 'request.cancelled').code
}
