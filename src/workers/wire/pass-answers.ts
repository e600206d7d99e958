import type { AnswerQueue } from './answer-queue.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { passBytes } from './pass-bytes.ts'
import { ANSWER_FRAME_BYTES, answerFrame, readWord } from './rpc-protocol.ts'
import type { Answer } from './rpc-session.ts'

export type ComingAnswer = Answer | { readonly from: 'later'; readonly body: Promise<Uint8Array> }

export interface PassAnswersDeps {
  readonly answers: AnswerQueue<ComingAnswer>
  readonly from: ByteReader
  readonly to: ByteWriter
  /** The worker is gone, or answers what no worker answers. */
  readonly lost: () => void
  readonly answered?: (() => void) | undefined
  /** How long to wait for a byte of the worker before it is told; undefined: for ever. */
  readonly stallTimeoutMs: number | undefined
}

/** Gives the client its answers, in the order of its requests, until there is nobody to give them. */
export async function passAnswers(deps: PassAnswersDeps): Promise<void> {
  const { answers, to } = deps
  for (;;) {
    const answer = await answers.next()
    if (answer === undefined) return
    if (answer.from === 'worker') {
      if (!(await passOne(answer, deps))) return deps.lost()
    } else {
      to.write(answerFrame(await answer.body))
    }
    deps.answered?.()
    if (to.full) await to.drained()
  }
}

async function passOne(answer: Answer & { readonly from: 'worker' }, deps: PassAnswersDeps): Promise<boolean> {
  const { from, to, stallTimeoutMs } = deps
  if (!(await from.fill(ANSWER_FRAME_BYTES, stallTimeoutMs))) return false
  if (readWord(from.peek(ANSWER_FRAME_BYTES), 0) !== answer.bytes) return false
  const whole = ANSWER_FRAME_BYTES + answer.bytes
  if (answer.learn !== undefined) {
    if (!(await from.fill(whole, stallTimeoutMs))) return false
    const bytes = from.take(whole)
    if (!answer.learn(bytes.subarray(ANSWER_FRAME_BYTES))) return false
    to.write(bytes)
    return true
  }
  return await passBytes({ from, to }, { count: whole, stallTimeoutMs })
}
