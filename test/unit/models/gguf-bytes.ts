import type { ByteSource } from '../../../src/models/gguf/byte-window.ts'

/** A metadata value as it goes into the file: its type name, and the value or values. */
export type Value =
  | readonly ['str', string]
  | readonly ['u32' | 'i32' | 'f32' | 'bool' | 'u16', number]
  | readonly ['arr', 'str', readonly string[]]
  | readonly ['arr', 'u32' | 'i32' | 'f32', readonly number[]]
  | readonly ['raw', Buffer]

export interface TensorPlan {
  readonly name: string
  readonly dimensions: readonly (number | bigint)[]
  readonly type: number
  readonly sizeBytes: number
  /** Instead of where it belongs. */
  readonly offset?: number | bigint
}

export interface GgufPlan {
  readonly version?: number
  readonly metadata: Readonly<Record<string, Value | undefined>>
  readonly tensors: readonly TensorPlan[]
  readonly alignment?: number
  /** Instead of the true numbers. */
  readonly claimedTensors?: bigint
  readonly claimedKeys?: bigint
}

const CODES = { u16: 2, u32: 4, i32: 5, f32: 6, bool: 7, str: 8, arr: 9 } as const

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
export const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
export const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)])

function number(type: 'u16' | 'u32' | 'i32' | 'f32' | 'bool', value: number): Buffer {
  const bytes = Buffer.alloc({ u16: 2, u32: 4, i32: 4, f32: 4, bool: 1 }[type])
  if (type === 'u16') bytes.writeUInt16LE(value)
  else if (type === 'u32') bytes.writeUInt32LE(value)
  else if (type === 'i32') bytes.writeInt32LE(value)
  else if (type === 'f32') bytes.writeFloatLE(value)
  else bytes.writeUInt8(value)
  return bytes
}

function encode(value: Value): Buffer {
  if (value[0] === 'raw') return value[1]
  if (value[0] === 'str') return Buffer.concat([u32(CODES.str), text(value[1])])
  if (value[0] !== 'arr') return Buffer.concat([u32(CODES[value[0]]), number(value[0], value[1])])
  const head = [u32(CODES.arr), u32(CODES[value[1]]), u64(value[2].length)]
  const items = value[1] === 'str' ? value[2].map(text) : value[2].map((item) => number(value[1], item))
  return Buffer.concat([...head, ...items])
}

/** The bytes of a GGUF file, right or wrong as planned. Weights are zeros. */
export function ggufBytes(plan: GgufPlan): Buffer {
  const alignment = plan.alignment ?? 32
  const pad = (length: number): number => (alignment - (length % alignment)) % alignment
  const keys = Object.entries(plan.metadata).flatMap(([key, value]) => (value ? [[key, value] as const] : []))
  let end = 0
  const infos = plan.tensors.map((tensor) => {
    const offset = tensor.offset ?? end
    end += tensor.sizeBytes + pad(tensor.sizeBytes)
    const dimensions = [u32(tensor.dimensions.length), ...tensor.dimensions.map(u64)]
    return Buffer.concat([text(tensor.name), ...dimensions, u32(tensor.type), u64(offset)])
  })
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(plan.version ?? 3),
    u64(plan.claimedTensors ?? plan.tensors.length),
    u64(plan.claimedKeys ?? keys.length),
    ...keys.map(([key, value]) => Buffer.concat([text(key), encode(value)])),
    ...infos,
  ])
  return Buffer.concat([header, Buffer.alloc(pad(header.length)), Buffer.alloc(end)])
}

/** A plan for a llama with two layers that passes every check. */
export const llamaPlan = (changes: Readonly<Record<string, Value | undefined>> = {}): GgufPlan => ({
  metadata: {
    'general.architecture': ['str', 'llama'],
    'general.name': ['str', 'planned'],
    'general.file_type': ['u32', 7],
    'llama.block_count': ['u32', 2],
    'llama.context_length': ['u32', 2048],
    'llama.embedding_length': ['u32', 64],
    'llama.feed_forward_length': ['u32', 128],
    'llama.attention.head_count': ['u32', 4],
    'llama.attention.head_count_kv': ['u32', 2],
    'llama.attention.layer_norm_rms_epsilon': ['f32', 1e-5],
    'tokenizer.ggml.model': ['str', 'gpt2'],
    'tokenizer.ggml.tokens': ['arr', 'str', ['a', 'b', 'ab']],
    'tokenizer.ggml.token_type': ['arr', 'i32', [1, 1, 1]],
    'tokenizer.ggml.merges': ['arr', 'str', ['a b']],
    'tokenizer.chat_template': ['str', '{{ messages }}'],
    ...changes,
  },
  tensors: [
    { name: 'token_embd.weight', dimensions: [64, 3], type: 8, sizeBytes: 3 * 68 },
    { name: 'blk.0.attn_q.weight', dimensions: [64, 64], type: 0, sizeBytes: 16384 },
    { name: 'blk.1.attn_q.weight', dimensions: [64, 64], type: 1, sizeBytes: 8192 },
    { name: 'output_norm.weight', dimensions: [64], type: 0, sizeBytes: 256 },
  ],
})

export interface CountingSource extends ByteSource {
  readonly reads: { count: number; bytes: number }
}

export function bufferSource(bytes: Buffer): CountingSource {
  const reads = { count: 0, bytes: 0 }
  return {
    size: bytes.length,
    reads,
    async read(position, into) {
      const got = bytes.copy(into, 0, position, position + into.length)
      reads.count += 1
      reads.bytes += got
      return got
    },
  }
}
