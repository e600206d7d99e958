import type { Dispatcher } from 'undici'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { type PeerAnswer, startExchange, unreachable } from '../exchange.ts'
import { toPeerHeaders } from '../forwarded-headers.ts'
import { createFrameReader, type Frame, JOURNAL_HEADER, JOURNAL_TYPE, RESUME_HEADER } from '../journal/frames.ts'
import { readFailure, readHead } from '../journal/payloads.ts'
import { HOME_HEADER, NOT_STARTED_HEADER, type RoutedRequest } from '../routed-request.ts'

/** What comes from a node that works on a request. */
export type Piece =
  | { readonly kind: 'head'; readonly head: AnswerHead }
  | { readonly kind: 'tokens' | 'body' | 'aside'; readonly bytes: Buffer }
  | { readonly kind: 'end' }

export interface AnswerHead extends Omit<PeerAnswer, 'body'> {
  /** An error that leaves nothing begun: another node may do better. */
  readonly notStarted: boolean
  /** Another node could go on with it. */
  readonly carriesOn: boolean
}

/** One node at work on a request. */
export interface Leg {
  /** Whether `next` has something at once. */
  ready(): boolean
  /**
   * Pulled: who does not ask stops the node. Throws the signal's reason, `request.invalid` for what cannot be put on the
   * wire, and a `LegLost` for everything that another node could do better.
   */
  next(): Promise<Piece>
  /** Ends the request at the node; any time, any number of times. */
  cancel(): void
}

/**
 * Why a node gives no more. `unreachable`: the request has not left; `broken`: it has; the node says so itself: `failed`
 * with this answer, which may be what ails it, or `given-back`, for a reason that lies in the node.
 */
export class LegLost extends Error {
  readonly outcome: 'unreachable' | 'broken' | 'failed' | 'given-back'
  readonly error: AppError

  constructor(outcome: LegLost['outcome'], error: AppError) {
    super(error.message, { cause: error })
    this.outcome = outcome
    this.error = error
  }
}

/** One for all: to make it costs more than all else that ends a request. */
const NOBODY_WAITS = new AppError('request.cancelled', 'nobody waits for this any more')

export interface LegInit extends AbortOptions {
  /** The home that ids of the answer carry. */
  readonly home: string
  /** Ask for the tokens of the answer. */
  readonly journalled: boolean
  /** Records of the tokens that were sampled elsewhere; empty: none. */
  readonly resume: Buffer
  /** Called once, when the node has nothing more to do with the request. */
  readonly onOver: () => void
}

/** Asks at once. Measured by bench/forward.ts. */
export function createLeg(dispatcher: Dispatcher, request: RoutedRequest, init: LegInit): Leg {
  const { signal, onOver } = init
  const asking = startExchange(dispatcher, toPeerRequest(request, init), {
    onOver,
    ...(signal === undefined ? {} : { signal }),
  })
  // Whoever cancels before the first pull does not want to know.
  asking.answered.catch(() => {})
  const reader = createFrameReader()
  const waiting: Frame[] = []
  let answer: PeerAnswer | undefined
  let framed = false
  let headed = false

  async function begin(): Promise<Piece | undefined> {
    answer = await asking.answered
    framed = answer.headers['content-type'] === JOURNAL_TYPE
    const { status, headers } = answer
    return framed ? undefined : { kind: 'head', head: toHead(status, headers) }
  }

  async function read(): Promise<Piece | undefined> {
    if (answer === undefined) return await begin()
    const next = await answer.body.next()
    if (next.done === true) {
      if (framed && !reader.between) throw new LegLost('broken', unreachable('the answer breaks off', undefined))
      return { kind: 'end' }
    }
    if (!framed) return { kind: 'body', bytes: toBuffer(next.value) }
    waiting.push(...reader.take(next.value))
    return nextWaiting()
  }

  /** One head, before all that the client gets. */
  function inOrder(piece: Piece): Piece {
    const { kind } = piece
    const wrong = kind === 'head' ? headed : !headed && (kind === 'body' || kind === 'end')
    if (wrong) throw new LegLost('broken', new AppError('peer.unreachable', 'what the node answers is no answer'))
    headed ||= kind === 'head'
    return piece
  }

  /** What a frame says counts when it is its turn. */
  function nextWaiting(): Piece | undefined {
    const frame = waiting.shift()
    return frame === undefined ? undefined : toPiece(frame)
  }

  return {
    ready: () => waiting.length > 0,
    async next() {
      try {
        let piece = nextWaiting()
        while (piece === undefined) piece = await read()
        return inOrder(piece)
      } catch (error) {
        signal?.throwIfAborted()
        throw toLoss(error, answer === undefined)
      }
    },
    cancel: () => asking.giveUp(NOBODY_WAITS),
  }
}

function toPeerRequest(request: RoutedRequest, { home, journalled, resume }: LegInit) {
  const { method, target, body } = request
  const resumed = resume.length > 0
  const headers = {
    ...toPeerHeaders(request),
    [HOME_HEADER]: home,
    ...(journalled ? { [JOURNAL_HEADER]: '1' } : {}),
    ...(resumed ? { [RESUME_HEADER]: String(resume.length) } : {}),
  }
  return {
    path: target,
    method,
    headers,
    body: resumed ? Buffer.concat(body === undefined ? [resume] : [resume, body]) : (body ?? null),
  }
}

/** Throws a `LegLost` for the frame in which a node gives up, and for a head that is none. */
function toPiece({ kind, payload }: Frame): Piece {
  if (kind === 'head') return { kind, head: parseHead(payload) }
  if (kind === 'failed') {
    const code = readFailure(payload)
    const error = new AppError('peer.unreachable', `the node could not go on: ${code ?? 'it says no reason'}`)
    throw new LegLost(code === undefined || code === 'backend.died' ? 'failed' : 'given-back', error)
  }
  return { kind, bytes: payload }
}

function parseHead(payload: Buffer): AnswerHead {
  const head = readHead(payload)
  if (head !== undefined) return { ...toHead(head.status, { ...head.headers }), carriesOn: head.carriesOn }
  throw new LegLost('broken', new AppError('peer.unreachable', 'the head of the answer cannot be read'))
}

function toHead(status: number, headers: PeerAnswer['headers']): AnswerHead {
  return { status, headers, notStarted: status >= 400 && headers[NOT_STARTED_HEADER] !== undefined, carriesOn: false }
}

function toLoss(error: unknown, unanswered: boolean): unknown {
  if (error instanceof LegLost) return error
  if (error instanceof Error && 'code' in error && error.code === 'UND_ERR_INVALID_ARG') {
    return new AppError('request.invalid', 'the request cannot be forwarded', { cause: error })
  }
  const notReached = unanswered && error instanceof AppError && error.code === 'peer.unreachable'
  return new LegLost(notReached ? 'unreachable' : 'broken', unreachable('the connection to the node was lost', error))
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
