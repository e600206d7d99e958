import { toTokenPayload } from '../../src/api/journal/token-records.ts'
import { JOURNAL_TYPE, toFrame } from '../../src/federation/journal/frames.ts'
import { SMALL_ANSWER } from './small-answer.ts'

/** One answer as the pieces in which a server writes it. */
export type Pieces = readonly Buffer[]

export interface GatewayAnswers {
  /** To a request that asks for no tokens. */
  readonly plain: Answer
  /** In frames, a token before every event: what a node says to an entry that could carry on. */
  readonly journalled: Answer
}

interface Answer {
  readonly whole: Pieces
  readonly stream: Pieces
}

const DONE = 'data: [DONE]\n\n'
const END = Buffer.from('0\r\n\r\n')

/** The answers of `mock-upstream.c`, byte for byte in the body; made once. */
export function createGatewayAnswers(chunks: number): GatewayAnswers {
  const words = Array.from({ length: chunks }, () => eventOf({ content: ' word' }, null))
  const events = [...words, eventOf({}, 'stop'), DONE]
  const json = { 'content-type': 'application/json', 'content-length': String(SMALL_ANSWER.length) }
  const sse = { 'content-type': 'text/event-stream' }
  const token = toFrame('tokens', toTokenPayload([{ id: 1, logprobs: Buffer.alloc(0) }]))
  const framed = (headers: Readonly<Record<string, string>>, bodies: readonly string[]): Pieces => [
    headOf({ 'content-type': JOURNAL_TYPE, 'transfer-encoding': 'chunked' }),
    chunkOf(token),
    chunkOf(toFrame('head', Buffer.from(JSON.stringify({ status: 200, headers, carriesOn: true })))),
    // What is sampled for a piece goes before it, as a node writes it: two chunks in one write.
    ...bodies.map((text, at) => {
      const body = chunkOf(toFrame('body', Buffer.from(text)))
      return at === 0 ? body : Buffer.concat([chunkOf(token), body])
    }),
    END,
  ]
  return {
    plain: {
      whole: [Buffer.concat([headOf(json), Buffer.from(SMALL_ANSWER)])],
      stream: [headOf({ ...sse, 'transfer-encoding': 'chunked' }), ...events.map((text) => chunkOf(text)), END],
    },
    journalled: { whole: [Buffer.concat(framed(json, [SMALL_ANSWER]))], stream: framed(sse, events) },
  }
}

function eventOf(delta: object, finishReason: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }]
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'bench' }
  return `data: ${JSON.stringify({ ...head, choices })}\n\n`
}

function headOf(headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join('')}\r\n`)
}

function chunkOf(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body)
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}
