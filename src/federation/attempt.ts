import type { Dispatcher } from 'undici'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import { exchange, type PeerAnswer, unreachable } from './exchange.ts'
import { toPeerHeaders } from './forwarded-headers.ts'
import { NOT_STARTED_HEADER, type RoutedRequest } from './routed-request.ts'

/** How asking one node ended. Until then nothing has been shown to the client, whatever it is. */
export type AttemptResult =
  /** An answer to hand out; of `not-started` only when nobody else is left to ask. */
  | { readonly outcome: 'answered' | 'not-started'; readonly answer: PeerAnswer }
  /** Nothing came. `unreachable`: the node was gone; `broken`: the connection was lost after the request had left. */
  | { readonly outcome: 'unreachable' | 'broken'; readonly error: AppError }

/**
 * Asks one node. Throws the signal's reason, and `request.invalid` for what cannot be put on the wire: no other node
 * would take that either. `onOver` is called once, when the node has nothing more to do with the request.
 */
export async function attempt(
  dispatcher: Dispatcher,
  request: RoutedRequest,
  { signal, onOver }: AbortOptions & { readonly onOver: () => void },
): Promise<AttemptResult> {
  const { method, target, body } = request
  try {
    const answer = await exchange(
      dispatcher,
      { path: target, method, headers: toPeerHeaders(request), body: body ?? null },
      { onOver, ...(signal === undefined ? {} : { signal }) },
    )
    const notStarted = answer.status >= 400 && answer.headers[NOT_STARTED_HEADER] !== undefined
    return { outcome: notStarted ? 'not-started' : 'answered', answer }
  } catch (error) {
    signal?.throwIfAborted()
    if (codeOf(error) === 'UND_ERR_INVALID_ARG') {
      throw new AppError('request.invalid', 'the request cannot be forwarded', { cause: error })
    }
    const outcome = error instanceof AppError && error.code === 'peer.unreachable' ? 'unreachable' : 'broken'
    return { outcome, error: unreachable('the connection to the node was lost', error) }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
