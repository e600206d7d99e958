import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { AnswerHead, MadeAnswer, Reader } from '../../federation/idempotency/kept-answer.ts'
import type { KeptAnswers } from '../../federation/idempotency/kept-answers.ts'
import { type RequestKey, readKeyText } from '../../federation/idempotency/request-key.ts'
import { JOURNAL_HEADER, RESUME_HEADER } from '../../federation/journal/frames.ts'
import { KEY_HEADER } from '../../federation/routed-request.ts'
import { clientGone } from '../client-gone.ts'
import { drained } from '../drained.ts'
import { isFramed, unframed, withHeader } from './framed-answers.ts'
import { createInnerRequests } from './inner-request.ts'

export interface KeyedAnswersDeps {
  readonly kept: KeptAnswers
  /** Whether an answer that had begun well has failed. */
  readonly brokeOff: (request: FastifyRequest) => boolean
}

export interface KeyedAnswersInit {
  readonly stallTimeoutMs: number
}

/** Says that this is an answer that was made before. */
const REPLAYED_HEADER = 'idempotency-replayed'

/**
 * Before a request with a key is read: is its answer there, or being made? Else it is made now, by a request of this face to
 * itself, which goes on when the connection is lost. To be added before any other hook that answers. Gives back which
 * requests were answered so: their answers have lines of their own in the log.
 */
export function addKeyedAnswers(
  app: FastifyInstance,
  { kept, brokeOff }: KeyedAnswersDeps,
  init: KeyedAnswersInit,
): (request: FastifyRequest) => boolean {
  const inner = createInnerRequests(app.server)
  const handled = new WeakSet<FastifyRequest>()

  function open(request: FastifyRequest, key: RequestKey): { readonly reader: Reader; readonly again: boolean } {
    // What was sampled elsewhere is to be carried on: whatever is here is older.
    const found = request.headers[RESUME_HEADER] === undefined ? kept.find(key) : undefined
    if (found !== undefined) return { reader: found.read(), again: true }
    const asker = request.raw.socket.remoteAddress ?? ''
    const made = kept.begin(key, asker, (signal) => inner.send(request, signal))
    return { reader: made.read(), again: false }
  }

  app.addHook('onRequest', async (request, reply) => {
    const key = keyOf(request)
    if (key === undefined || inner.isInner(request)) return
    handled.add(request)
    const signal = clientGone(reply)
    const { reader, again } = open(request, key)
    try {
      const head = await reader.head({ signal })
      if (again) reply.header(REPLAYED_HEADER, 'true')
      const journalled = request.headers[JOURNAL_HEADER] !== undefined
      const all = reader.body({ signal })
      if (!isFramed(head)) await send(reply, { ...head, body: all }, { ...init, signal })
      else if (!journalled) await sendUnframed(reply, all, { ...init, signal })
      else {
        const body = again ? withHeader(all, { [REPLAYED_HEADER]: 'true' }) : all
        await send(reply, { ...head, body }, { ...init, signal })
      }
    } finally {
      reader.leave()
    }
  })

  // An answer that says in its midst that it failed is not to be had again.
  app.addHook('onResponse', async (request) => {
    const key = inner.isInner(request) && brokeOff(request) ? keyOf(request) : undefined
    if (key !== undefined) kept.drop(key)
  })
  return (request) => handled.has(request)
}

function keyOf({ headers, method, routeOptions }: FastifyRequest): RequestKey | undefined {
  if (method !== 'POST' || routeOptions.config.inference === undefined) return undefined
  return readKeyText(headers[KEY_HEADER])
}

interface SendInit extends KeyedAnswersInit {
  readonly signal: AbortSignal
}

async function send(reply: FastifyReply, { status, headers, body }: MadeAnswer, init: SendInit): Promise<void> {
  const { raw } = reply
  // This node's own headers name this request; those of the answer the one for which it was made.
  const own = reply.getHeaders()
  reply.hijack()
  raw.on('error', () => {})
  raw.writeHead(status, mutable({ ...headers, ...own }))
  try {
    for await (const piece of body) if (!raw.write(piece)) await drained(raw, init)
    raw.end()
  } catch {
    // Cut off, it is at least not taken for a whole one.
    raw.destroy()
  }
}

async function sendUnframed(reply: FastifyReply, body: AsyncIterable<Uint8Array>, init: SendInit): Promise<void> {
  const parts = unframed(body)
  const first = await parts.next()
  if (first.done === true || Buffer.isBuffer(first.value)) {
    throw new AppError('internal', 'the kept answer has no head')
  }
  await send(reply, { ...first.value, body: onlyBytes(parts) }, init)
}

async function* onlyBytes(parts: AsyncIterable<AnswerHead | Buffer>): AsyncGenerator<Buffer, void> {
  for await (const part of parts) if (Buffer.isBuffer(part)) yield part
}

function mutable(headers: Readonly<Record<string, unknown>>): Record<string, number | string | string[]> {
  const copy: Record<string, number | string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' || typeof value === 'number') copy[name] = value
    else if (Array.isArray(value)) copy[name] = value.map(String)
  }
  return copy
}
