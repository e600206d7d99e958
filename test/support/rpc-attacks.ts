import {
  allocBuffer,
  bufferClear,
  bufferGetBase,
  copyTensor,
  freeBuffer,
  getTensor,
  graphCompute,
  graphRecompute,
  hello,
  initTensor,
  memsetTensor,
  message,
  setTensor,
  type TensorWords,
  tensor,
  u32,
  u64,
} from './rpc-messages.ts'
import { sampleGraph } from './rpc-sample.ts'
import { BASE, FIRST_HANDLE } from './rpc-worker.ts'

const END = BASE + 4096
const at = (words: TensorWords = {}) => tensor({ buffer: FIRST_HANDLE, data: BASE, ne: [16], ...words })
const sizeOf = (command: number, size: number) => Buffer.concat([Uint8Array.of(command), u64(size)])
const set = (words: TensorWords, offset = 0, length = 64) => setTensor(at(words), offset, Buffer.alloc(length))

/** Attacks on llama.cpp's RPC that were published, and their neighbours. Each comes after a session that was in order. */
export const ATTACKS: Readonly<Record<string, Buffer>> = {
  // CVE-2024-42479, arbitrary write, and CVE-2024-42478, arbitrary read: an address of the sender's choice.
  'SET_TENSOR at any address': set({ data: 0x4141_4141 }),
  'SET_TENSOR at any address, without a buffer': set({ buffer: 0, data: 0x4141_4141 }),
  'GET_TENSOR at any address': getTensor(at({ data: 0x4141_4141 }), 0, 64),
  'GET_TENSOR with an offset out of the buffer': getTensor(at(), 2 ** 40, 64),
  'GET_TENSOR with an offset that wraps around': getTensor(at(), 2 ** 53, 8),
  'GET_TENSOR of more than the tensor': getTensor(at(), 0, 4096),
  'GET_TENSOR of all memory': getTensor(at(), 0, 2 ** 62),
  // CVE-2024-42477: the type is an index into a table.
  'a type beyond the table': set({ type: 0x4141 }),
  'a withdrawn type, whose block has no size': set({ type: 5 }),
  // Heap overflows by sizes: Rohlf 2025, and the write-up on `nb` and `ne` that disagree.
  'SET_TENSOR beyond the tensor': set({}, 0, 65),
  'SET_TENSOR beyond the tensor by its offset': set({}, 32, 64),
  'SET_TENSOR to a tensor past the buffer': set({ data: END - 32 }),
  'SET_TENSOR to a tensor before the buffer': set({ data: BASE - 32 }),
  'SET_TENSOR to a tensor whose strides leave the buffer': set({ ne: [4, 4], nb: [4, 0x7fff_ffff, 16, 16] }),
  'SET_TENSOR to a tensor whose size overflows': set({ ne: [0x8000_0000, 0x8000_0000, 0x8000_0000, 0x8000_0000] }),
  'SET_TENSOR with an unknown flag': message(6, at(), Uint8Array.of(2), u64(0), Buffer.alloc(8)),
  'SET_TENSOR without its head': message(6, Buffer.alloc(304)),
  'SET_TENSOR of all memory': sizeOf(6, 2 ** 60),
  'SET_TENSOR_HASH of another size': message(7, Buffer.alloc(311)),
  'COPY_TENSOR to a smaller tensor': copyTensor(at({ ne: [64] }), at({ ne: [16] })),
  'COPY_TENSOR to the end of the buffer': copyTensor(at({ ne: [64] }), at({ ne: [64], data: END - 16 })),
  'COPY_TENSOR to nowhere': copyTensor(at(), at({ buffer: 0, data: 0 })),
  'MEMSET_TENSOR beyond the tensor': memsetTensor(at(), 32, 64),
  'MEMSET_TENSOR of all memory': memsetTensor(at(), 0, 2 ** 63),
  'INIT_TENSOR without a buffer': initTensor(at({ buffer: 0, data: 0 })),
  // Handles are addresses of the worker.
  'BUFFER_GET_BASE of any address': bufferGetBase(0x4141_4141),
  'BUFFER_CLEAR of any address': bufferClear(0x4141_4141),
  'FREE_BUFFER of any address': freeBuffer(0x4141_4141),
  'FREE_BUFFER of nothing': freeBuffer(0),
  // llama.cpp #25289: a custom operation brings the address of its function.
  'a custom operation': sampleGraph({ norm: { op: 95 } }),
  'a mapped operation': sampleGraph({ norm: { op: 92 } }),
  'a graph with an operand at any address': sampleGraph({ x: { buffer: 0, data: 0x4141_4141 } }),
  'a graph that counts more nodes than there are': message(10, u32(0), u32(0xffff_ffff), u64(1), u32(0)),
  'a graph that counts more tensors than there are': message(10, u32(0), u32(1), u64(1), u32(0xffff_ffff)),
  'a graph of all memory': sizeOf(10, 2 ** 40),
  'a graph for a device that is not there': message(10, u32(9), u32(1), u64(1), u32(1), at()),
  'a node that comes twice, for which the table of uses has no place': graphCompute([1, 1], [at({ id: 1 })]),
  'a graph again that never was': graphRecompute,
  'ALLOC_BUFFER on a device that is not there': allocBuffer(16, 1),
  'ALLOC_BUFFER of another size': message(0, Buffer.alloc(13)),
  // The connection would go on over RDMA, past whoever looks at it.
  'a second HELLO': hello,
  'a command beyond the last': message(18),
  'a command of no protocol': message(255),
}
