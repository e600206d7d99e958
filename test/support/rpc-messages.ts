/*
 * ggml's RPC 7.0.0 written by hand from ggml-rpc.cpp, apart from the code under test: a mistake there would not be repeated here.
 */

export interface TensorWords {
  readonly id?: number
  readonly type?: number
  readonly buffer?: number
  readonly ne?: readonly number[]
  readonly nb?: readonly number[]
  readonly op?: number
  readonly params?: readonly number[]
  readonly flags?: number
  readonly src?: readonly number[]
  readonly viewSrc?: number
  readonly viewOffset?: number
  readonly data?: number
  readonly name?: string
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}

/** Strides of a contiguous tensor of 4-byte elements. */
export function plainStrides(ne: readonly number[]): number[] {
  const [a = 1, b = 1, c = 1] = ne
  return [4, 4 * a, 4 * a * b, 4 * a * b * c].map((stride) => Math.min(stride, 0xffff_ffff))
}

export function tensor(words: TensorWords = {}): Buffer {
  const ne = [...(words.ne ?? [1]), 1, 1, 1].slice(0, 4)
  const nb = words.nb ?? plainStrides(ne)
  const name = Buffer.alloc(64)
  name.write(words.name ?? 't')
  const numbers = (count: number, values: readonly number[]) =>
    Array.from({ length: count }, (_, i) => u32(values[i] ?? 0))
  return Buffer.concat([
    u64(words.id ?? 1),
    u32(words.type ?? 0),
    u64(words.buffer ?? 0),
    ...numbers(4, ne),
    ...numbers(4, nb),
    u32(words.op ?? 0),
    ...numbers(16, words.params ?? []),
    u32(words.flags ?? 16),
    ...Array.from({ length: 10 }, (_, i) => u64(words.src?.[i] ?? 0)),
    u64(words.viewSrc ?? 0),
    u64(words.viewOffset ?? 0),
    u64(words.data ?? 0),
    name,
    u32(1),
  ])
}

export function message(command: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Uint8Array.of(command), u64(body.length), body])
}

export function graph(nodes: readonly number[], tensors: readonly Buffer[], device = 0): Buffer {
  return Buffer.concat([u32(device), u32(nodes.length), ...nodes.map(u64), u32(tensors.length), ...tensors])
}

export const hello = message(14, Buffer.alloc(24))
export const deviceCount = message(15)
export const allocBuffer = (size: number, device = 0) => message(0, u32(device), u64(size))
export const bufferGetBase = (handle: number) => message(3, u64(handle))
export const freeBuffer = (handle: number) => message(4, u64(handle))
export const bufferClear = (handle: number) => message(5, u64(handle), Uint8Array.of(0))
export const deviceMemory = message(11, u32(0))
export const graphCompute = (nodes: readonly number[], tensors: readonly Buffer[]) => message(10, graph(nodes, tensors))
export const graphRecompute = message(16, u32(0))
export const setTensor = (to: Buffer, offset: number, data: Uint8Array) =>
  message(6, to, Uint8Array.of(0), u64(offset), data)
export const getTensor = (of: Buffer, offset: number, size: number) => message(8, of, u64(offset), u64(size))
export const setTensorHash = (to: Buffer) => message(7, to, u64(0), u64(1))
export const copyTensor = (from: Buffer, to: Buffer) => message(9, from, to)
export const initTensor = (of: Buffer) => message(12, of)
export const getAllocSize = (of: Buffer, sources: readonly Buffer[] = []) =>
  message(13, u32(0), of, ...Array.from({ length: 10 }, (_, i) => sources[i] ?? Buffer.alloc(296)))
export const memsetTensor = (of: Buffer, offset: number, size: number) =>
  message(17, of, u64(offset), u64(size), Uint8Array.of(1))
