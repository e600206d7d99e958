import {
  allocBuffer,
  bufferClear,
  bufferGetBase,
  copyTensor,
  deviceCount,
  deviceMemory,
  freeBuffer,
  getAllocSize,
  getTensor,
  graphCompute,
  graphRecompute,
  hello,
  initTensor,
  memsetTensor,
  setTensor,
  setTensorHash,
  type TensorWords,
  tensor,
} from './rpc-messages.ts'
import { BASE, FIRST_HANDLE } from './rpc-worker.ts'

/** Of the buffer that the sample session works in. */
export const SAMPLE_BYTES = 1 << 16

/** A tensor in the sample's buffer, `at` bytes from its beginning. */
export function placed(at: number, words: TensorWords): TensorWords {
  return { buffer: FIRST_HANDLE, data: BASE + at, ...words }
}

const leaf = (id: number, at: number, ne: readonly number[]) => placed(at, { id, ne })
const i32 = (id: number, at: number, ne: readonly number[]) => placed(at, { id, ne, type: 26 })
const f16 = (id: number, at: number, ne: readonly number[]) => placed(at, { id, ne, type: 1 })
const node = (id: number, at: number, words: TensorWords) => placed(at, { id, ...words })

/** One of most kinds of operation, with operands as llama.cpp has them. Keyed by what it is called there. */
export const SAMPLE_TENSORS: Readonly<Record<string, TensorWords>> = {
  x: leaf(1, 0, [16, 4]),
  weights: leaf(2, 256, [16, 8]),
  product: node(3, 1024, { ne: [8, 4], op: 29, src: [2, 1] }),
  gain: leaf(4, 1536, [16]),
  norm: node(5, 2048, { ne: [16, 4], op: 25, src: [1] }),
  scaled: node(6, 2560, { ne: [16, 4], op: 7, src: [5, 4] }),
  positions: i32(7, 3072, [4]),
  heads: leaf(8, 3584, [8, 2, 4]),
  rope: node(9, 4096, { ne: [8, 2, 4], op: 48, src: [8, 7], params: [0, 8, 0, 0, 512] }),
  indices: i32(10, 4608, [3]),
  rows: node(11, 5120, { ne: [16, 3], op: 40, src: [2, 10] }),
  cells: leaf(12, 6144, [16, 32]),
  places: i32(13, 8192, [4]),
  kept: node(14, 6144, { ne: [16, 32], op: 42, src: [1, 13, 12], viewSrc: 12 }),
  scores: leaf(15, 9216, [8, 4]),
  sorted: node(16, 9728, { type: 26, ne: [8, 4], op: 69, src: [15] }),
  chosen: node(17, 9728, { type: 26, ne: [2, 4], nb: [4, 32, 128, 128], op: 37, src: [16], viewSrc: 16 }),
  experts: leaf(18, 10_240, [16, 4, 8]),
  input: leaf(19, 14_336, [16, 1, 4]),
  mixed: node(20, 15_360, { ne: [4, 2, 4], op: 30, src: [18, 19, 17] }),
  soft: node(21, 16_384, { ne: [8, 4], op: 46, src: [3], params: [0x3f80_0000] }),
  copy: node(22, 17_408, { ne: [16, 4], op: 34, src: [1, 22] }),
  gated: node(23, 18_432, { ne: [16, 4], op: 100, src: [1, 5], params: [2] }),
  joined: node(24, 19_456, { ne: [16, 8], op: 22, src: [1, 5], params: [1] }),
  keys: f16(25, 20_480, [8, 4, 2]),
  query: leaf(26, 21_504, [8, 4, 2]),
  mask: f16(27, 22_528, [4, 4]),
  attended: node(28, 23_552, { ne: [8, 2, 4], op: 74, src: [26, 25, 25, 27] }),
}
// Half-width numbers follow each other by two bytes.
for (const name of ['keys', 'mask']) {
  const words = SAMPLE_TENSORS[name]
  const [a = 1, b = 1, c = 1] = words?.ne ?? []
  Object.assign(words ?? {}, { nb: [2, 2 * a, 2 * a * b, 2 * a * b * c] })
}

/** ggml sends sources before what is made of them, and the nodes in the order in which they are computed. */
export function sampleGraph(changes: Readonly<Record<string, Partial<TensorWords>>> = {}): Buffer {
  const all = Object.entries(SAMPLE_TENSORS).map(([name, words]) => ({ ...words, ...changes[name] }))
  const nodes = all.filter(({ op = 0 }) => op !== 0).map(({ id = 0 }) => id)
  return graphCompute(
    nodes,
    all.map((words) => tensor(words)),
  )
}

/** A whole session, in the order in which an engine asks. */
export function sampleSession(): Buffer[] {
  const x = tensor(SAMPLE_TENSORS['x'])
  const norm = tensor(SAMPLE_TENSORS['norm'])
  return [
    hello,
    deviceCount,
    deviceMemory,
    allocBuffer(SAMPLE_BYTES),
    bufferGetBase(FIRST_HANDLE),
    bufferClear(FIRST_HANDLE),
    getAllocSize(norm, [x]),
    setTensorHash(x),
    setTensor(x, 0, Buffer.alloc(256, 1)),
    initTensor(x),
    memsetTensor(x, 16, 32),
    sampleGraph(),
    getTensor(norm, 0, 256),
    copyTensor(norm, x),
    setTensor(x, 8, Buffer.alloc(8, 1)),
    graphRecompute,
    getTensor(norm, 64, 64),
    freeBuffer(FIRST_HANDLE),
  ]
}
