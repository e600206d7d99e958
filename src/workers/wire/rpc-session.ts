import { type BufferTable, createBufferTable } from './buffer-table.ts'
import { checkGraph } from './graph.ts'
import {
  answerBytes,
  COMMAND,
  checkFrame,
  MAX_DEVICES,
  MAX_PIECE_BYTES,
  MAX_SOURCES,
  readWord,
  TENSOR_BYTES,
  writeWord,
} from './rpc-protocol.ts'
import { FIELD, readTensor } from './tensor.ts'

/** The next answer on the stream. `learn` gets the body and may change it; false: no worker answers like that. */
export type Answer =
  | { readonly from: 'worker'; readonly bytes: number; readonly learn?: (body: Buffer) => boolean }
  | { readonly from: 'guard'; readonly body: Uint8Array }

/** What becomes of a request: refused for a reason, given to the worker (with its answer to come), or answered here. */
export type Verdict = { readonly refused: string } | { readonly answer: Answer | undefined }

/** The state of one stream of RPC, as far as it must be known to tell what is allowed on it. Pure. */
export interface RpcSession {
  /** Whether a body of this size may follow: asked before a byte of it is held. A sentence says why not. */
  checkFrame(command: number, size: number): string | undefined
  /**
   * `body` is the whole body, but of SET_TENSOR and our own commands that carry data only what stands before the data;
   * `size` is of the whole body.
   */
  check(command: number, body: Buffer, size: number): Verdict
}

export interface SessionInit {
  readonly memoryBytes: number
  /** Whether pieces of weights may be offered by their hash. */
  readonly pieces: boolean
}

const NOTHING: Verdict = { answer: undefined }
const NO_MEMORY: Verdict = { answer: { from: 'guard', body: new Uint8Array(16) } }
const NOT_THERE: Verdict = { answer: { from: 'guard', body: new Uint8Array(1) } }

interface State {
  readonly buffers: BufferTable
  readonly memoryBytes: number
  greeted: boolean
  devices: number
  /** Devices that keep a graph to compute again. */
  readonly graphs: Set<number>
}

type Check = (state: State, body: Buffer, size: number) => Verdict

function refused(reason: string): Verdict {
  return { refused: reason }
}

function expected(command: number, body: Buffer, learn?: (body: Buffer) => boolean): Verdict {
  const bytes = answerBytes(command, body) ?? 0
  return { answer: learn === undefined ? { from: 'worker', bytes } : { from: 'worker', bytes, learn } }
}

/** Data may be read or written from `offset` on within the tensor at the body's beginning, which must be in a buffer. */
function checkRange(state: State, body: Buffer, range: { offset: number; length: number }): Verdict | undefined {
  const tensor = readTensor(body, 0, state.buffers.find)
  if (typeof tensor === 'string') return refused(tensor)
  if (tensor.buffer === 0) return refused('data for a tensor without a buffer')
  if (range.offset + range.length <= tensor.bytes) return
  return refused('data beyond the end of a tensor')
}

function checkDevice(state: State, body: Buffer): Verdict | undefined {
  return body.readUInt32LE(0) < state.devices ? undefined : refused('a device that is not there')
}

function checkHandle(state: State, body: Buffer): Verdict | undefined {
  return state.buffers.has(readWord(body, 0)) ? undefined : refused('unknown buffer')
}

const hello: Check = (state, body) => {
  if (state.greeted) return refused('a second HELLO')
  // Capabilities would move the connection to another transport (RDMA), past this guard.
  if (body.some((byte) => byte !== 0)) return refused('HELLO asks for another transport')
  state.greeted = true
  return expected(COMMAND.hello, body, (answer) => {
    answer.fill(0, 4)
    return true
  })
}

const deviceCount: Check = (state, body) =>
  expected(COMMAND.deviceCount, body, (answer) => {
    state.devices = answer.readUInt32LE(0)
    return state.devices <= MAX_DEVICES
  })

const allocBuffer: Check = (state, body) => {
  const size = readWord(body, 4)
  const wrong = checkDevice(state, body)
  if (wrong !== undefined) return wrong
  if (!state.buffers.reserve(size)) return NO_MEMORY
  return expected(COMMAND.allocBuffer, body, (answer) =>
    state.buffers.allocated(size, readWord(answer, 0), readWord(answer, 8)),
  )
}

const bufferGetBase: Check = (state, body) => {
  const handle = readWord(body, 0)
  return (
    checkHandle(state, body) ??
    expected(COMMAND.bufferGetBase, body, (answer) => state.buffers.based(handle, readWord(answer, 0)))
  )
}

const freeBuffer: Check = (state, body) => {
  const wrong = checkHandle(state, body)
  if (wrong !== undefined) return wrong
  state.buffers.free(readWord(body, 0))
  // The worker forgets them too: their nodes may have pointed into the buffer.
  state.graphs.clear()
  return NOTHING
}

const getDeviceMemory: Check = (state, body) =>
  checkDevice(state, body) ??
  expected(COMMAND.getDeviceMemory, body, (answer) => {
    const free = Math.max(0, state.memoryBytes - state.buffers.usedBytes())
    writeWord(answer, Math.min(readWord(answer, 0), free), 0)
    writeWord(answer, Math.min(readWord(answer, 8), state.memoryBytes), 8)
    return true
  })

/**
 * Sizes do not depend on where tensors lie, and this request alone may name buffers of another worker
 * (`serialize_tensor` without a dispatcher), which could by chance have the address of one here: they are taken out.
 */
const getAllocSize: Check = (state, body) => {
  for (let i = 0; i <= MAX_SOURCES; i++) {
    const at = 4 + TENSOR_BYTES * i
    body.fill(0, at + FIELD.buffer, at + FIELD.buffer + 8)
    body.fill(0, at + FIELD.data, at + FIELD.data + 8)
    if (i > 0 && body.readUInt32LE(at) === 0 && body.readUInt32LE(at + 4) === 0) continue
    const tensor = readTensor(body, at, state.buffers.find)
    if (typeof tensor === 'string') return refused(tensor)
  }
  return checkDevice(state, body) ?? expected(COMMAND.getAllocSize, body)
}

const copyTensor: Check = (state, body) => {
  const from = readTensor(body, 0, state.buffers.find)
  const to = readTensor(body, TENSOR_BYTES, state.buffers.find)
  if (typeof from === 'string') return refused(from)
  if (typeof to === 'string') return refused(to)
  if (from.buffer === 0 || to.buffer === 0) return refused('a copy of a tensor without a buffer')
  if (from.type !== to.type || from.bytes > to.bytes) return refused('a copy to a tensor that is not alike')
  return expected(COMMAND.copyTensor, body)
}

const initTensor: Check = (state, body) => {
  const tensor = readTensor(body, 0, state.buffers.find)
  if (typeof tensor === 'string') return refused(tensor)
  return tensor.buffer === 0 ? refused('INIT_TENSOR without a buffer') : NOTHING
}

const graphCompute: Check = (state, body) => {
  const wrong = checkDevice(state, body)
  if (wrong !== undefined) return wrong
  const reason = checkGraph(body, state.buffers.find)
  if (reason !== undefined) return refused(reason)
  state.graphs.add(body.readUInt32LE(0))
  return NOTHING
}

const graphRecompute: Check = (state, body) =>
  state.graphs.has(body.readUInt32LE(0)) ? NOTHING : refused('no graph to compute again')

const memsetTensor: Check = (state, body) => {
  const range = { offset: readWord(body, TENSOR_BYTES), length: readWord(body, TENSOR_BYTES + 8) }
  return checkRange(state, body, range) ?? NOTHING
}

const getTensor: Check = (state, body) => {
  const range = { offset: readWord(body, TENSOR_BYTES), length: readWord(body, TENSOR_BYTES + 8) }
  return checkRange(state, body, range) ?? expected(COMMAND.getTensor, body)
}

const setTensor: Check = (state, body, size) => {
  if ((body[TENSOR_BYTES] ?? 2) > 1) return refused('an unknown cache flag')
  const range = { offset: readWord(body, TENSOR_BYTES + 1), length: size - body.length }
  return checkRange(state, body, range) ?? NOTHING
}

const offerPiece: Check = (state, body) => {
  const range = { offset: readWord(body, TENSOR_BYTES), length: readWord(body, TENSOR_BYTES + 8) }
  if (range.length === 0 || range.length > MAX_PIECE_BYTES) return refused('a piece that is too long')
  return checkRange(state, body, range) ?? NOTHING
}

const sendPiece: Check = (state, body, size) => {
  const range = { offset: readWord(body, TENSOR_BYTES), length: size - body.length }
  return checkRange(state, body, range) ?? NOTHING
}

/** ggml's own cache goes by FNV-1a, which anybody can forge: nothing is ever in it. */
const setTensorHash: Check = () => NOT_THERE

const CHECKS: ReadonlyMap<number, Check> = new Map([
  [COMMAND.hello, hello],
  [COMMAND.deviceCount, deviceCount],
  [COMMAND.allocBuffer, allocBuffer],
  [COMMAND.getAlignment, (state, body) => checkDevice(state, body) ?? expected(COMMAND.getAlignment, body)],
  [COMMAND.getMaxSize, (state, body) => checkDevice(state, body) ?? expected(COMMAND.getMaxSize, body)],
  [COMMAND.bufferGetBase, bufferGetBase],
  [COMMAND.freeBuffer, freeBuffer],
  [COMMAND.bufferClear, (state, body) => checkHandle(state, body) ?? NOTHING],
  [COMMAND.setTensor, setTensor],
  [COMMAND.setTensorHash, setTensorHash],
  [COMMAND.getTensor, getTensor],
  [COMMAND.copyTensor, copyTensor],
  [COMMAND.graphCompute, graphCompute],
  [COMMAND.graphRecompute, graphRecompute],
  [COMMAND.getDeviceMemory, getDeviceMemory],
  [COMMAND.initTensor, initTensor],
  [COMMAND.getAllocSize, getAllocSize],
  [COMMAND.memsetTensor, memsetTensor],
])
const PIECE_CHECKS: ReadonlyMap<number, Check> = new Map([
  [COMMAND.offerPiece, offerPiece],
  [COMMAND.sendPiece, sendPiece],
])

export function createRpcSession(init: SessionInit): RpcSession {
  const state: State = {
    buffers: createBufferTable(init.memoryBytes),
    memoryBytes: init.memoryBytes,
    greeted: false,
    devices: 0,
    graphs: new Set(),
  }
  const find = (command: number) => CHECKS.get(command) ?? (init.pieces ? PIECE_CHECKS.get(command) : undefined)
  return {
    checkFrame(command, size) {
      if (find(command) === undefined) return `unknown command ${command}`
      if (!state.greeted && command !== COMMAND.hello) return 'a request before HELLO'
      return checkFrame(command, size)
    },
    check: (command, body, size) => find(command)?.(state, body, size) ?? refused(`unknown command ${command}`),
  }
}
