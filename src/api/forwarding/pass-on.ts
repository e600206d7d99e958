import type { FastifyReply } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { RoutedAnswer } from '../../federation/routed-request.ts'
import { drained } from '../drained.ts'
import { answerHeaders } from './forwarded-headers.ts'
import { createWholeLines, type WholeLines } from './whole-lines.ts'

export interface PassOnInit {
  /** Ends when the client is gone or the node gives up; whoever made the answer watches it too. */
  readonly signal: AbortSignal
  readonly stallTimeoutMs: number
  /** The dialect's end of a stream that broke off. */
  readonly brokenStream: (error: AppError) => string | undefined
}

/**
 * Writes another node's answer to the client as it comes, only as fast as the client reads: no byte is looked at, but for
 * the ends of lines in an event stream. Throws while the status is still open; a failure after that is told to the
 * client as far as the answer's form allows, and returned. Measured by bench/forward.ts.
 */
export async function passOn(
  reply: FastifyReply,
  answer: RoutedAnswer,
  init: PassOnInit,
): Promise<AppError | undefined> {
  const response = reply.raw
  const lines = isEventStream(answer) ? createWholeLines() : undefined
  let begun = false
  try {
    for await (const bytes of answer.body) {
      if (!begun) begun = begin(reply, answer)
      const ready = lines === undefined ? bytes : lines.take(bytes)
      if (ready.length > 0 && !response.write(ready)) await drained(response, init)
      if (response.destroyed) throw new AppError('request.cancelled', 'the client has gone')
    }
    if (!begun) begun = begin(reply, answer)
    response.end(lines?.rest())
    return undefined
  } catch (thrown) {
    // Whose signal it was goes before what the other node made of it.
    const error = AppError.from(init.signal.aborted ? init.signal.reason : thrown, 'peer.unreachable')
    if (!begun) throw error
    breakOff(reply, { lines, text: init.brokenStream(error) })
    return error
  }
}

/** What may say no more than that it failed: an error without its body. */
export async function passOnStatus(reply: FastifyReply, answer: RoutedAnswer): Promise<undefined> {
  for await (const _bytes of answer.body) break
  begin(reply, { ...answer, headers: withoutBody(answer.headers) })
  reply.raw.end()
}

function withoutBody(headers: RoutedAnswer['headers']): RoutedAnswer['headers'] {
  const kept = Object.entries(headers).filter(([name]) => !/^content-/i.test(name))
  return { ...Object.fromEntries(kept), 'content-length': '0' }
}

function isEventStream({ headers }: RoutedAnswer): boolean {
  return String(headers['content-type'] ?? '').startsWith('text/event-stream')
}

/** From here on the answer is no longer the framework's. */
function begin(reply: FastifyReply, answer: RoutedAnswer): true {
  const { raw } = reply
  const headers = answerHeaders(reply.getHeaders(), answer)
  try {
    checkFraming(answer.status, headers['content-length'])
    // An error may have to follow a stream.
    if (isEventStream(answer)) delete headers['content-length']
    // What a member writes beyond the length that it told would be taken for the answer to the connection's next request.
    raw.strictContentLength = true
    raw.writeHead(answer.status, headers)
  } catch (cause) {
    throw new AppError('peer.unreachable', 'the head of the answer is no HTTP', { cause })
  }
  // A write that fails late, with nobody listening, would take the process down.
  raw.on('error', () => {})
  reply.hijack()
  return true
}

/** In a journal the head comes as data, which no HTTP parser has looked at. */
function checkFraming(status: number, length: unknown): void {
  if (status < 200) throw new Error(`${status} is the status of no whole answer`)
  if (length !== undefined && !/^\d{1,15}$/.test(String(length)))
    throw new Error('the length of the answer is no number')
}

function breakOff(
  { raw }: FastifyReply,
  { lines, text }: { readonly lines: WholeLines | undefined; readonly text: string | undefined },
): void {
  // An answer of another form has no words for it: cut off, it is at least not taken for a whole one.
  if (raw.destroyed || text === undefined || lines === undefined || lines.endsAt() === 'inside') raw.destroy()
  // An event whose own end has not come is ended by an empty line.
  else raw.end(lines.endsAt() === 'event' ? text : `\n${text}`)
}
