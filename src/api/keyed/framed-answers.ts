import { AppError } from '../../base/errors.ts'
import type { AnswerHead } from '../../federation/idempotency/kept-answer.ts'
import { createFrameReader, JOURNAL_TYPE, toFrame } from '../../federation/journal/frames.ts'
import { type FramedHead, readHead, toHeadPayload } from '../../federation/journal/payloads.ts'

export function isFramed({ headers }: AnswerHead): boolean {
  return headers['content-type'] === JOURNAL_TYPE
}

/** An answer that was made for somebody who keeps its tokens, for somebody who does not: its head first, then its bytes. */
export async function* unframed(body: AsyncIterable<Uint8Array>): AsyncGenerator<AnswerHead | Buffer, void> {
  const reader = createFrameReader()
  for await (const bytes of body) {
    for (const { kind, payload } of reader.take(bytes)) {
      if (kind === 'head') yield headOf(payload)
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
  const head = headOf(payload)
  return toHeadPayload({ ...head, headers: { ...head.headers, ...header } })
}

function headOf(payload: Buffer): FramedHead {
  const head = readHead(payload)
  if (head === undefined) throw new AppError('internal', 'the kept answer has no head')
  return head
}
