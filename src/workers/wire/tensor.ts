import { type TypeLayout, typeLayout } from './ggml-types.ts'
import { MAX_SOURCES, readWord } from './rpc-protocol.ts'

type Four = readonly [number, number, number, number]

/** Where the fields of an `rpc_tensor` begin (ggml-rpc.cpp, packed). */
export const FIELD = {
  id: 0,
  type: 8,
  buffer: 12,
  ne: 20,
  nb: 36,
  op: 52,
  opParams: 56,
  flags: 120,
  src: 124,
  viewSrc: 204,
  viewOffset: 212,
  data: 220,
  name: 228,
} as const
const NAME_BYTES = 64
const OP_COUNT = 101
/** MAP_CUSTOM1, 2, 3 and CUSTOM call a function whose address is in the message (llama.cpp #25289). */
const FIRST_CUSTOM_OP = 92
const LAST_CUSTOM_OP = 95
const KNOWN_FLAGS = 31
/** Kernels count rows and elements of a row in 32 bits. */
const MAX_COUNT = 2 ** 31 - 1

export interface Tensor {
  readonly id: number
  readonly type: number
  /** The handle; 0: none on this worker. */
  readonly buffer: number
  readonly ne: Four
  readonly nb: Four
  readonly op: number
  readonly params: Int32Array
  readonly src: readonly number[]
  readonly viewSrc: number
  readonly viewOffset: number
  readonly data: number
  /** `ggml_nbytes`: from the first byte of the first element to the last of the last, by the strides. */
  readonly bytes: number
  /** The most bytes that a kernel may touch, whether it counts by the strides or packed. */
  readonly reach: number
  /** From `data` to the end of the buffer; 0 without a buffer. */
  readonly room: number
}

/** What is known of a buffer of this stream. */
export interface BufferBounds {
  readonly base: number
  readonly size: number
}

export type FindBuffer = (handle: number) => BufferBounds | undefined

function fourAt(bytes: Buffer, offset: number): Four {
  return [
    bytes.readUInt32LE(offset),
    bytes.readUInt32LE(offset + 4),
    bytes.readUInt32LE(offset + 8),
    bytes.readUInt32LE(offset + 12),
  ]
}

/**
 * Reads one tensor and checks all that can be said of it alone: its type, a shape without overflow, and that its data lie in
 * a buffer of this stream, both by its strides and packed (kernels that ask for contiguous memory count without strides).
 * A string says what is wrong. Numbers beyond 2^53 fail every comparison they take part in.
 */
export function readTensor(bytes: Buffer, at: number, find: FindBuffer): Tensor | string {
  const type = bytes.readUInt32LE(at + FIELD.type)
  const layout = typeLayout(type)
  if (layout === undefined) return `unknown tensor type ${type}`
  const op = bytes.readUInt32LE(at + FIELD.op)
  if (op >= OP_COUNT || (op >= FIRST_CUSTOM_OP && op <= LAST_CUSTOM_OP)) return `operation ${op} is not allowed`
  if (bytes.readUInt32LE(at + FIELD.flags) > KNOWN_FLAGS) return 'unknown tensor flags'
  if (bytes[at + FIELD.name + NAME_BYTES - 1] !== 0) return 'a tensor name without an end'
  const ne = fourAt(bytes, at + FIELD.ne)
  const nb = fourAt(bytes, at + FIELD.nb)
  const wrong = checkShape(ne, nb, layout)
  if (wrong !== undefined) return wrong

  const params = new Int32Array(16)
  for (let i = 0; i < 16; i++) params[i] = bytes.readInt32LE(at + FIELD.opParams + 4 * i)
  const src: number[] = []
  for (let i = 0; i < MAX_SOURCES; i++) src.push(readWord(bytes, at + FIELD.src + 8 * i))
  const buffer = readWord(bytes, at + FIELD.buffer)
  const data = readWord(bytes, at + FIELD.data)
  const facts = {
    id: readWord(bytes, at + FIELD.id),
    type,
    buffer,
    ne,
    nb,
    op,
    params,
    src,
    viewSrc: readWord(bytes, at + FIELD.viewSrc),
    viewOffset: readWord(bytes, at + FIELD.viewOffset),
    data,
    bytes: stridedBytes(ne, nb, layout),
    reach: reachOf(ne, nb, layout),
  }
  if (buffer === 0) return data === 0 ? { ...facts, room: 0 } : 'tensor data without a buffer'
  const bounds = find(buffer)
  if (bounds === undefined) return 'unknown buffer'
  const room = bounds.base + bounds.size - data
  if (!(data >= bounds.base && room >= 0)) return 'tensor data outside its buffer'
  if (facts.reach > room) return 'a tensor beyond the end of its buffer'
  return { ...facts, room }
}

function checkShape(ne: Four, nb: Four, layout: TypeLayout): string | undefined {
  if (ne[0] % layout.block !== 0) return 'a row that is not made of whole blocks'
  if (layout.block > 1 && nb[0] !== layout.bytes) return 'blocks that do not follow each other'
  if (ne[0] > MAX_COUNT || ne[1] * ne[2] * ne[3] > MAX_COUNT) return 'a tensor with too many rows or columns'
  return
}

export function rowBytes(elements: number, layout: TypeLayout): number {
  return (elements / layout.block) * layout.bytes
}

/** From the first byte to the last, by the strides. */
function stridedBytes(ne: Four, nb: Four, layout: TypeLayout): number {
  if (ne[0] === 0 || ne[1] === 0 || ne[2] === 0 || ne[3] === 0) return 0
  const first = layout.block === 1 ? (ne[0] - 1) * nb[0] + layout.bytes : (ne[0] / layout.block) * nb[0]
  return first + (ne[1] - 1) * nb[1] + (ne[2] - 1) * nb[2] + (ne[3] - 1) * nb[3]
}

/** Kernels also take the elements of a row one after the other, or all of them, whatever the strides are. */
function reachOf(ne: Four, nb: Four, layout: TypeLayout): number {
  const element = layout.block === 1 ? Math.max(nb[0], layout.bytes) : nb[0]
  const rowWise = stridedBytes(ne, [element, nb[1], nb[2], nb[3]], layout)
  return Math.max(rowWise, rowBytes(ne[0], layout) * ne[1] * ne[2] * ne[3])
}

/** Of a whole `rpc_tensor`, up to its first zero. */
export function tensorName(tensor: Buffer): string {
  const name = tensor.subarray(FIELD.name, FIELD.name + NAME_BYTES)
  const end = name.indexOf(0)
  return name.toString('latin1', 0, end < 0 ? NAME_BYTES : end)
}
