import type { AnswerQueue } from './answer-queue.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { GuardPieces } from './guard-pieces.ts'
import type { ComingAnswer } from './pass-answers.ts'
import { passBytes } from './pass-bytes.ts'
import { COMMAND, FRAME_BYTES, readWord, SET_TENSOR_BYTES, TENSOR_BYTES } from './rpc-protocol.ts'
import type { Answer, RpcSession } from './rpc-session.ts'
import { PIECE_HEAD_BYTES } from './weight-pieces.ts'

/** ggml waits for each answer before its next request; offers of pieces have a window of their own. */
const MAX_UNANSWERED = 256

export interface PassRequestsDeps {
  readonly from: ByteReader
  readonly to: ByteWriter
  readonly answers: AnswerQueue<ComingAnswer>
  readonly pieces: GuardPieces
  readonly session: RpcSession
  readonly stallTimeoutMs: number
}

interface Request {
  readonly command: number
  /** Bytes of the message that have been looked at: all of it but for the data of tensors. */
  readonly here: number
  /** Bytes that follow. */
  readonly rest: number
  readonly answer: Answer | undefined
}

/** Gives the worker what is allowed. Resolves with why something was not, or with undefined when the user left. */
export async function passRequests(deps: PassRequestsDeps): Promise<string | undefined> {
  for (let first = true; ; first = false) {
    const request = await nextRequest(deps, first)
    if (request === undefined || typeof request === 'string') return request
    const { command } = request
    if (command === COMMAND.offerPiece) await takeOffer(deps, request)
    else if (deps.pieces.busy) await deps.pieces.settled()

    if (command === COMMAND.sendPiece) {
      const wrong = await takePiece(deps, request)
      if (wrong !== undefined) return wrong
    } else if (command !== COMMAND.offerPiece && !(await forward(deps, request))) return
  }
}

async function nextRequest(deps: PassRequestsDeps, first: boolean): Promise<Request | string | undefined> {
  const { from, session, stallTimeoutMs } = deps
  // Between messages a user may think for hours.
  if (from.length === 0 && !(await from.fill(1, first ? stallTimeoutMs : undefined))) return
  if (from.length < FRAME_BYTES && !(await from.fill(FRAME_BYTES, stallTimeoutMs))) return
  const frame = from.peek(FRAME_BYTES)
  const command = frame.readUInt8(0)
  const size = readWord(frame, 1)
  const wrong = session.checkFrame(command, size)
  if (wrong !== undefined) return wrong
  const held = heldBytes(command, size)
  const here = FRAME_BYTES + held
  if (from.length < here && !(await from.fill(here, stallTimeoutMs))) return
  const verdict = session.check(command, from.peek(here).subarray(FRAME_BYTES), size)
  if ('refused' in verdict) return verdict.refused
  if (deps.answers.length >= MAX_UNANSWERED) return 'too many requests without an answer'
  return { command, here, rest: size - held, answer: verdict.answer }
}

/** What is looked at as a whole. */
function heldBytes(command: number, size: number): number {
  if (command === COMMAND.setTensor) return SET_TENSOR_BYTES
  if (command === COMMAND.sendPiece) return PIECE_HEAD_BYTES
  return size
}

async function takeOffer({ from, answers, pieces }: PassRequestsDeps, { here }: Request): Promise<void> {
  answers.push({ from: 'later', body: pieces.offered(from.take(here).subarray(FRAME_BYTES)) })
  await pieces.room()
}

async function takePiece(deps: PassRequestsDeps, { here, rest }: Request): Promise<string | undefined> {
  const { from, pieces, stallTimeoutMs } = deps
  if (!(await from.fill(here + rest, stallTimeoutMs))) return
  const right = await pieces.sent(from.take(here + rest).subarray(FRAME_BYTES))
  return right ? undefined : 'a piece that is not what its hash says'
}

/** False: the user left in the middle of it. */
async function forward(deps: PassRequestsDeps, { command, here, rest, answer }: Request): Promise<boolean> {
  const { from, to, answers, stallTimeoutMs } = deps
  if (answer !== undefined) answers.push(answer)
  if (answer?.from === 'guard') {
    from.take(here)
    return true
  }
  // The worker keeps no cache of its own.
  if (command === COMMAND.setTensor) from.peek(here)[FRAME_BYTES + TENSOR_BYTES] = 0
  return await passBytes({ from, to }, { count: here + rest, stallTimeoutMs })
}
