import { BASE, FIRST_HANDLE } from './rpc-worker.ts'

/*
 * What must hold for every request that reaches a worker, written a second time and as plainly as possible: with whole numbers of
 * any size, and from the bytes alone.
 */

/** `enum ggml_type`: elements and bytes of a block, for the types of the sample session. */
const TYPES: Readonly<Record<number, readonly [bigint, bigint]>> = {
  0: [1n, 4n],
  1: [1n, 2n],
  8: [32n, 34n],
  24: [1n, 1n],
  25: [1n, 2n],
  26: [1n, 4n],
  27: [1n, 8n],
  28: [1n, 8n],
  30: [1n, 2n],
}
/** The numbers of all operations that may be computed, in the order of ggml.h. */
const COMPUTED = new Set([
  ...[1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 25, 27, 28, 29, 30, 32, 33, 34, 35, 40, 42],
  ...[43, 46, 48, 50, 64, 67, 69, 70, 72, 73, 74, 76, 82, 83, 84, 85, 86, 91, 100],
])
const NAMES_ONLY = new Set([0, 36, 37, 38, 39])
const FIXED_SIZES: Readonly<Record<number, number>> = {
  0: 12,
  1: 4,
  2: 4,
  3: 8,
  4: 8,
  5: 9,
  8: 312,
  9: 592,
  11: 4,
  12: 296,
  13: 3260,
  14: 24,
  15: 0,
  16: 4,
  17: 313,
}
const SAME_SHAPE = new Set([2, 6, 7, 8, 25, 32, 46, 48, 50, 69, 91])

interface Seen {
  readonly id: bigint
  readonly op: number
  readonly buffer: bigint
  readonly ne: readonly bigint[]
  readonly bytes: bigint
  readonly src: readonly bigint[]
}

function must(held: boolean, what: string): void {
  if (!held) throw new Error(`a request that is not allowed has reached the worker: ${what}`)
}

export interface RpcOracle {
  /** Throws when a request that was let through breaks a rule. */
  saw(command: number, body: Buffer): void
}

export function createRpcOracle(memoryBytes: number): RpcOracle {
  const buffers = new Map<bigint, { base: bigint; size: bigint }>()
  let given = 0
  let greeted = false
  let stored = false

  function tensorAt(body: Buffer, at: number, needsBuffer: boolean): Seen {
    const type = TYPES[body.readUInt32LE(at + 8)]
    const word = (offset: number) => body.readBigUInt64LE(at + offset)
    const half = (offset: number) => BigInt(body.readUInt32LE(at + offset))
    const ne = [half(20), half(24), half(28), half(32)]
    const nb = [half(36), half(40), half(44), half(48)]
    // Types that are not in the table are measured as if each element took no space; their data may not leave, either.
    const [block, size] = type ?? [1n, 0n]
    const empty = ne.some((count) => count === 0n)
    const last = ne.map((count, i) => (count - 1n) * (nb[i] ?? 0n)).slice(1)
    const row = block === 1n ? ((ne[0] ?? 0n) - 1n) * (nb[0] ?? 0n) + size : ((ne[0] ?? 0n) / block) * (nb[0] ?? 0n)
    const bytes = empty ? 0n : row + last.reduce((sum, part) => sum + part, 0n)
    const packed = ((ne[0] ?? 0n) * (ne[1] ?? 0n) * (ne[2] ?? 0n) * (ne[3] ?? 0n) * size) / block
    const [handle, data] = [word(12), word(220)]
    if (handle === 0n) must(data === 0n && !needsBuffer, 'an address without a buffer')
    else {
      const buffer = buffers.get(handle)
      must(buffer !== undefined, 'a buffer that is not there')
      const [base, end] = [buffer?.base ?? 0n, (buffer?.base ?? 0n) + (buffer?.size ?? 0n)]
      must(data >= base && data + bytes <= end && data + packed <= end, 'a tensor outside its buffer')
    }
    const src = Array.from({ length: 10 }, (_, i) => word(124 + 8 * i))
    return { id: word(0), op: body.readUInt32LE(at + 52), buffer: handle, ne, bytes, src }
  }
  function range(body: Buffer, offset: bigint, length: bigint): void {
    must(offset + length <= tensorAt(body, 0, true).bytes, 'data beyond a tensor')
  }
  function graph(body: Buffer): void {
    const nodeCount = body.readUInt32LE(4)
    const tensorCount = body.readUInt32LE(8 + 8 * nodeCount)
    const first = 12 + 8 * nodeCount
    must(body.length === first + 296 * tensorCount, 'a graph of another length')
    const tensors = new Map<bigint, Seen>()
    for (let i = 0; i < tensorCount; i++) {
      const seen = tensorAt(body, first + 296 * i, false)
      must(!tensors.has(seen.id) && seen.id !== 0n, 'an id that comes twice')
      for (const id of seen.src) must(id === 0n || tensors.has(id) || id === seen.id, 'a source that is not there yet')
      tensors.set(seen.id, seen)
    }
    const nodes = Array.from({ length: nodeCount }, (_, i) => body.readBigUInt64LE(8 + 8 * i))
    must(new Set(nodes).size === nodes.length, 'a node that comes twice')
    for (const id of nodes) {
      const node = tensors.get(id)
      if (node === undefined) must(false, 'a node that is not there')
      else if (!NAMES_ONLY.has(node.op)) computed(node, tensors)
    }
  }
  function computed(node: Seen, tensors: ReadonlyMap<bigint, Seen>): void {
    must(COMPUTED.has(node.op), `operation ${node.op}`)
    must(node.buffer !== 0n, 'a result nowhere')
    const src = node.src.map((id) => tensors.get(id))
    for (const tensor of src) must(tensor === undefined || tensor.buffer !== 0n, 'a source nowhere')
    const [a, b] = src
    if (SAME_SHAPE.has(node.op)) must(String(a?.ne) === String(node.ne), 'another shape')
    if (node.op === 29 || node.op === 30)
      must(a?.ne[0] === b?.ne[0] && a?.ne[1] === node.ne[0], 'matrices that do not fit')
    if (node.op === 40) must(a?.ne[0] === node.ne[0] && b?.ne[0] === node.ne[1], 'rows that do not fit')
    if (node.op === 42) must(a?.ne[0] === node.ne[0] && a?.ne[1] === b?.ne[0], 'places that do not fit')
  }

  return {
    saw(command, body) {
      must(greeted ? command !== 14 : command === 14, 'HELLO is the first and only one')
      must(
        command === 6 || command === 10 || FIXED_SIZES[command] === body.length,
        `${body.length} bytes for ${command}`,
      )
      switch (command) {
        case 14:
          must(
            body.every((byte) => byte === 0),
            'capabilities',
          )
          greeted = true
          break
        case 0: {
          const size = body.readBigUInt64LE(4)
          buffers.set(BigInt(FIRST_HANDLE + given), { base: BigInt(BASE) + BigInt(given) * 0x1_0000_0000n, size })
          given += 1
          const sum = [...buffers.values()].reduce((total, buffer) => total + buffer.size, 0n)
          must(sum <= BigInt(memoryBytes), 'more memory than was lent')
          break
        }
        case 3:
        case 4:
        case 5:
          must(buffers.has(body.readBigUInt64LE(0)), 'a buffer that is not there')
          if (command === 4) {
            buffers.delete(body.readBigUInt64LE(0))
            stored = false
          }
          break
        case 6:
          must(body.length >= 305 && (body[296] ?? 2) <= 1, 'a flag')
          range(body, body.readBigUInt64LE(297), BigInt(body.length - 305))
          break
        case 8:
        case 17:
          range(body, body.readBigUInt64LE(296), body.readBigUInt64LE(304))
          break
        case 9: {
          const [from, to] = [tensorAt(body, 0, true), tensorAt(body, 296, true)]
          must(from.bytes <= to.bytes, 'a copy of more')
          break
        }
        case 10:
          must(body.readUInt32LE(0) === 0, 'a device that is not there')
          graph(body)
          stored = true
          break
        case 12:
          tensorAt(body, 0, true)
          break
        case 13:
          for (let i = 0; i < 11; i++) must(body.readBigUInt64LE(4 + 296 * i + 12) === 0n, 'an address told')
          break
        case 16:
          must(stored && body.readUInt32LE(0) === 0, 'a graph that is not there')
          break
        default:
          must(command === 1 || command === 2 || command === 11 || command === 15, `command ${command}`)
      }
    },
  }
}
