import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { AnswerHead } from '../../federation/idempotency/kept-answer.ts'
import { createFrameReader, JOURNAL_TYPE, toFrame } from '../../federation/journal/frames.ts'

export function isFramed({ headers }: AnswerHead): boolean {
  return headers['content-type'] === JOURNAL_TYPE
}

/** An answer that was made for somebody who keeps its tokens, for somebody who does not: its head first, then its bytes. */
export async function* unframed(body: AsyncIterable<Uint8Array>): AsyncGenerator<AnswerHead | Buffer, void> {
  const reader = createFrameReader()
  for await (const bytes of body) {
    for (const { kind, payload } of reader.take(bytes)) {
      if (kind === 'head') yield readHead(payload)
      else if (kind === 'body' || kind === 'aside') yield payload
      else if (kind === 'failed') throw new AppError('peer.unreachable', 'the answer broke off')
    }
  }
}

/** The same frames, but for the answer's head, which gets one header more. */
export async function* withHeader(
  body: AsyncIterable<Uint8Array>,
  header: Readonly<Record<string, string>>,
): AsyncGenerator<Buffer, void> {
  const reader = createFrameReader()
  for await (const bytes of body) {
    for (const { kind, payload } of reader.take(bytes)) {
      yield toFrame(kind, kind === 'head' ? extended(payload, header) : payload)
    }
  }
}

function extended(payload: Buffer, header: Readonly<Record<string, string>>): Buffer {
  const head = { ...JSON.parse(payload.toString()), headers: { ...readHead(payload).headers, ...header } }
  return Buffer.from(JSON.stringify(head))
}

function readHead(payload: Buffer): AnswerHead {
  const value: unknown = JSON.parse(payload.toString())
  if (!isObject(value) || typeof value['status'] !== 'number' || !isObject(value['headers'])) {
    throw new AppError('internal', 'the kept answer has no head')
  }
  return { status: value['status'], headers: value['headers'] as AnswerHead['headers'] }
}
