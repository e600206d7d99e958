import type { AnswerQueue } from './answer-queue.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { CarriedAnswer, CarryPieces } from './carry-pieces.ts'
import { startOf } from './carry-pieces.ts'
import { passBytes } from './pass-bytes.ts'
import {
  ANSWER_FRAME_BYTES,
  answerBytes,
  answerFrame,
  COMMAND,
  checkFrame,
  FRAME_BYTES,
  MAX_DEVICES,
  MAX_PIECE_BYTES,
  readWord,
  SET_TENSOR_BYTES,
  TENSOR_BYTES,
} from './rpc-protocol.ts'
import { FIELD, tensorName } from './tensor.ts'

/** Below this, offering costs more than sending. */
const MIN_WEIGHTS_BYTES = 64 * 1024
const NOT_THERE = new Uint8Array([0])

export interface CarryParts {
  readonly fromEngine: ByteReader
  readonly fromStream: ByteReader
  readonly toEngine: ByteWriter
  readonly toStream: ByteWriter
  readonly answers: AnswerQueue<CarriedAnswer>
  readonly pieces: CarryPieces
}

/** Carries what the engine asks. Resolves with why something was no RPC, or with undefined when the engine is gone. */
export async function carryRequests(
  parts: CarryParts,
  init: { readonly pieces: boolean },
): Promise<string | undefined> {
  const { fromEngine } = parts
  for (;;) {
    if (fromEngine.length < FRAME_BYTES && !(await fromEngine.fill(FRAME_BYTES))) return
    const frame = fromEngine.peek(FRAME_BYTES)
    const command = frame.readUInt8(0)
    const size = readWord(frame, 1)
    const wrong = checkFrame(command, size)
    if (wrong !== undefined) return wrong
    if (command === COMMAND.offerPiece || command === COMMAND.sendPiece) return `unknown command ${command}`
    if (!(await carryOne(parts, { command, size, pieces: init.pieces }))) return
  }
}

async function carryOne(
  parts: CarryParts,
  { command, size, pieces }: { readonly command: number; readonly size: number; readonly pieces: boolean },
): Promise<boolean> {
  if (command === COMMAND.setTensor) return await carryTensor(parts, size, pieces)
  if (command !== COMMAND.setTensorHash) return await carryRequest(parts, command, size)
  const { fromEngine, toEngine } = parts
  if (!(await fromEngine.fill(FRAME_BYTES + size))) return false
  fromEngine.take(FRAME_BYTES + size)
  // An engine waits for each answer, so that no other can be due here.
  toEngine.write(answerFrame(NOT_THERE))
  return true
}

/** All but data waits until the data that came before are at the worker. False: the engine is gone. */
async function carryRequest(parts: CarryParts, command: number, size: number): Promise<boolean> {
  const { fromEngine, toStream, answers, pieces } = parts
  if (fromEngine.length < FRAME_BYTES + size && !(await fromEngine.fill(FRAME_BYTES + size))) return false
  await pieces.settled()
  const message = fromEngine.take(FRAME_BYTES + size)
  const bytes = answerBytes(command, message.subarray(FRAME_BYTES))
  if (bytes !== undefined) answers.push({ to: 'engine', bytes, command })
  await pieces.exclusive(async () => {
    toStream.write(message)
    if (toStream.full) await toStream.drained()
  })
  return true
}

async function carryTensor(parts: CarryParts, size: number, inPieces: boolean): Promise<boolean> {
  const { fromEngine, toStream, pieces } = parts
  if (!(await fromEngine.fill(FRAME_BYTES + SET_TENSOR_BYTES))) return false
  const head = fromEngine.peek(FRAME_BYTES + SET_TENSOR_BYTES)
  const tensor = head.subarray(FRAME_BYTES, FRAME_BYTES + TENSOR_BYTES)
  const offset = readWord(head, FRAME_BYTES + TENSOR_BYTES + 1)
  const length = size - SET_TENSOR_BYTES
  if (inPieces && length >= MIN_WEIGHTS_BYTES && isWeights(tensor)) {
    fromEngine.take(FRAME_BYTES + SET_TENSOR_BYTES)
    return await carryWeights(parts, { tensor, offset, length })
  }
  if (pieces.overlaps(startOf({ tensor, offset }), length)) await pieces.settled()
  return await pieces.exclusive(() => passBytes({ from: fromEngine, to: toStream }, { count: FRAME_BYTES + size }))
}

/** One piece after the other: never more of a tensor is held than the window has room for. */
async function carryWeights(
  { fromEngine, pieces }: CarryParts,
  { tensor, offset, length }: { readonly tensor: Buffer; readonly offset: number; readonly length: number },
): Promise<boolean> {
  for (let done = 0; done < length; done += MAX_PIECE_BYTES) {
    const count = Math.min(MAX_PIECE_BYTES, length - done)
    if (!(await fromEngine.fill(count))) return false
    await pieces.offer({ tensor, offset: offset + done, bytes: fromEngine.take(count) })
  }
  return true
}

/**
 * RPC does not say what is a weight. llama.cpp names them so, and the inputs that are copied between devices, which hold what
 * somebody asked and must not be kept, `device#name#copy`.
 */
function isWeights(tensor: Buffer): boolean {
  const text = tensorName(tensor)
  return (
    tensor.readUInt32LE(FIELD.op) === 0 &&
    readWord(tensor, FIELD.viewSrc) === 0 &&
    text.endsWith('.weight') &&
    !text.includes('#')
  )
}

/** Resolves when the stream answers what was not asked, or ends. */
export async function carryAnswers(parts: CarryParts, answered: () => void): Promise<void> {
  const { fromStream, answers } = parts
  for (let answer = await answers.next(); answer !== undefined; answer = await answers.next()) {
    const bytes = answer.to === 'engine' ? answer.bytes : 1
    if (fromStream.length < ANSWER_FRAME_BYTES && !(await fromStream.fill(ANSWER_FRAME_BYTES))) return
    if (readWord(fromStream.peek(ANSWER_FRAME_BYTES), 0) !== bytes) return
    if (!(await carryAnswer(parts, answer))) return
    if (answer.to === 'engine') answered()
  }
}

async function carryAnswer({ fromStream, toEngine, pieces }: CarryParts, answer: CarriedAnswer): Promise<boolean> {
  if (answer.to === 'engine') {
    if (answer.command === COMMAND.deviceCount && !(await hasFewDevices(fromStream))) return false
    return await passBytes({ from: fromStream, to: toEngine }, { count: ANSWER_FRAME_BYTES + answer.bytes })
  }
  if (!(await fromStream.fill(ANSWER_FRAME_BYTES + 1))) return false
  await pieces.answered(answer.piece, fromStream.take(ANSWER_FRAME_BYTES + 1)[ANSWER_FRAME_BYTES] === 1)
  return true
}

/** The engine makes what belongs to a device for as many as it is told. */
async function hasFewDevices(fromStream: ByteReader): Promise<boolean> {
  if (!(await fromStream.fill(ANSWER_FRAME_BYTES + 4))) return false
  return fromStream.peek(ANSWER_FRAME_BYTES + 4).readUInt32LE(ANSWER_FRAME_BYTES) <= MAX_DEVICES
}
