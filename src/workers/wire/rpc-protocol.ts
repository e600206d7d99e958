/**
 * The frames of ggml's RPC 7.0.0 (ggml/src/ggml-rpc/ggml-rpc.cpp): a request is a command (1 byte), the size of its body
 * (8 bytes) and the body, an answer a size and a body; numbers are little-endian, answers come in the order of the requests.
 */
export const COMMAND = {
  allocBuffer: 0,
  getAlignment: 1,
  getMaxSize: 2,
  bufferGetBase: 3,
  freeBuffer: 4,
  bufferClear: 5,
  setTensor: 6,
  setTensorHash: 7,
  getTensor: 8,
  copyTensor: 9,
  graphCompute: 10,
  getDeviceMemory: 11,
  initTensor: 12,
  getAllocSize: 13,
  hello: 14,
  deviceCount: 15,
  graphRecompute: 16,
  memsetTensor: 17,
  /** Ours, between `CarryEngine` and `GuardWorker` only: see weight-pieces.ts. */
  offerPiece: 0x70,
  sendPiece: 0x71,
} as const

export const FRAME_BYTES = 9
export const ANSWER_FRAME_BYTES = 8
/** One `rpc_tensor`. */
export const TENSOR_BYTES = 296
export const MAX_SOURCES = 10
/** Before the data in the body of SET_TENSOR: the tensor, the cache flag, the offset. */
export const SET_TENSOR_BYTES = TENSOR_BYTES + 1 + 8

export const MAX_DEVICES = 16
export const MAX_NODES = 32_768
export const MAX_TENSORS = 65_536
export const MAX_PIECE_BYTES = 4 * 2 ** 20

interface Sizes {
  readonly min: number
  readonly max: number
}

function exactly(size: number): Sizes {
  return { min: size, max: size }
}

/** What the body of a request may measure. Data of tensors is bounded by the tensor that it goes to. */
const BODY_BYTES: ReadonlyMap<number, Sizes> = new Map([
  [COMMAND.allocBuffer, exactly(12)],
  [COMMAND.getAlignment, exactly(4)],
  [COMMAND.getMaxSize, exactly(4)],
  [COMMAND.bufferGetBase, exactly(8)],
  [COMMAND.freeBuffer, exactly(8)],
  [COMMAND.bufferClear, exactly(9)],
  [COMMAND.setTensor, { min: SET_TENSOR_BYTES, max: Number.MAX_SAFE_INTEGER }],
  [COMMAND.setTensorHash, exactly(TENSOR_BYTES + 16)],
  [COMMAND.getTensor, exactly(TENSOR_BYTES + 16)],
  [COMMAND.copyTensor, exactly(2 * TENSOR_BYTES)],
  [COMMAND.graphCompute, { min: 12 + 8 + TENSOR_BYTES, max: 12 + 8 * MAX_NODES + TENSOR_BYTES * MAX_TENSORS }],
  [COMMAND.getDeviceMemory, exactly(4)],
  [COMMAND.initTensor, exactly(TENSOR_BYTES)],
  [COMMAND.getAllocSize, exactly(4 + (1 + MAX_SOURCES) * TENSOR_BYTES)],
  [COMMAND.hello, exactly(24)],
  [COMMAND.deviceCount, exactly(0)],
  [COMMAND.graphRecompute, exactly(4)],
  [COMMAND.memsetTensor, exactly(TENSOR_BYTES + 17)],
  [COMMAND.offerPiece, exactly(TENSOR_BYTES + 8 + 8 + 32)],
  [COMMAND.sendPiece, { min: TENSOR_BYTES + 8 + 32 + 1, max: TENSOR_BYTES + 8 + 32 + MAX_PIECE_BYTES }],
])

/** Commands whose answer has one size. GET_TENSOR's is what it asks for; those that are in neither have none. */
const ANSWER_BYTES: ReadonlyMap<number, number> = new Map([
  [COMMAND.allocBuffer, 16],
  [COMMAND.getAlignment, 8],
  [COMMAND.getMaxSize, 8],
  [COMMAND.bufferGetBase, 8],
  [COMMAND.setTensorHash, 1],
  [COMMAND.copyTensor, 1],
  [COMMAND.getDeviceMemory, 16],
  [COMMAND.getAllocSize, 8],
  [COMMAND.hello, 28],
  [COMMAND.deviceCount, 4],
  [COMMAND.offerPiece, 1],
])

/** Whether the body may have this size, before a byte of it is held; a sentence says why not. */
export function checkFrame(command: number, size: number): string | undefined {
  const sizes = BODY_BYTES.get(command)
  if (sizes === undefined) return `unknown command ${command}`
  if (size >= sizes.min && size <= sizes.max) return
  return `a body of ${size} bytes does not fit command ${command}`
}

/** How long the answer to a request must be; undefined: there is none. */
export function answerBytes(command: number, body: Buffer): number | undefined {
  if (command === COMMAND.getTensor) return readWord(body, TENSOR_BYTES + 8)
  return ANSWER_BYTES.get(command)
}

/** A 64-bit number. Infinity where it is beyond 2^53, which no pointer of a process, size or offset that is right reaches. */
export function readWord(bytes: Buffer, offset: number): number {
  const high = bytes.readUInt32LE(offset + 4)
  if (high >= 0x20_0000) return Number.POSITIVE_INFINITY
  return high * 0x1_0000_0000 + bytes.readUInt32LE(offset)
}

export function writeWord(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32LE(value % 0x1_0000_0000, offset)
  bytes.writeUInt32LE(Math.floor(value / 0x1_0000_0000), offset + 4)
}

export function requestFrame(command: number, size: number): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_BYTES)
  frame.writeUInt8(command, 0)
  writeWord(frame, size, 1)
  return frame
}

export function answerFrame(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(ANSWER_FRAME_BYTES + body.byteLength)
  writeWord(frame, body.byteLength, 0)
  frame.set(body, ANSWER_FRAME_BYTES)
  return frame
}
