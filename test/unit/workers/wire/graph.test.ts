import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkGraph } from '../../../../src/workers/wire/graph.ts'
import { graph, type TensorWords, tensor } from '../../../support/rpc-messages.ts'
import { placed, SAMPLE_BYTES, SAMPLE_TENSORS, sampleGraph } from '../../../support/rpc-sample.ts'
import { BASE, FIRST_HANDLE } from '../../../support/rpc-worker.ts'

const find = (handle: number) => (handle === FIRST_HANDLE ? { base: BASE, size: SAMPLE_BYTES } : undefined)
const check = (body: Buffer) => checkGraph(body, find)
const changed = (changes: Parameters<typeof sampleGraph>[0]) => check(sampleGraph(changes).subarray(9))

/** The operations of one tensor after the other, each a node unless it computes nothing. */
function chain(...all: readonly TensorWords[]): string | undefined {
  const nodes = all.filter(({ op = 0 }) => op !== 0).map(({ id = 0 }) => id)
  return check(
    graph(
      nodes,
      all.map((words) => tensor(words)),
    ),
  )
}

describe('what a worker may be told to compute', () => {
  it('is what llama.cpp makes of a model', () => {
    assert.equal(changed({}), undefined)
  })

  it('is nothing that calls what the message says, and nothing with kernels that trust their input', () => {
    for (const op of [92, 93, 94, 95, 101, 4_000_000_000]) {
      assert.match(String(changed({ scaled: { op } })), /operation \d+ is not allowed/, `${op}`)
    }
    // SSM_SCAN, GET_ROWS_BACK, POOL_2D, OPT_STEP_ADAMW.
    for (const op of [77, 41, 61, 98]) assert.match(String(changed({ scaled: { op } })), /is not allowed/, `${op}`)
  })

  it('lies in buffers of this stream alone', () => {
    const end = BASE + SAMPLE_BYTES
    const wrong: Record<string, Partial<TensorWords>> = {
      'before the buffer': { data: BASE - 4 },
      'at its last bytes': { data: end - 4 },
      'past its end': { data: end + 4 },
      'the whole address space away': { data: 2 ** 52 },
      'another buffer': { buffer: FIRST_HANDLE + 1 },
      'no buffer, but an address': { buffer: 0 },
      'a stride that leaves it': { nb: [4, 0xffff_ffff, 256, 256] },
      'a stride of its elements that leaves it': { nb: [0x8000, 64, 256, 256] },
      'more rows than there is room': { ne: [16, 0x1_0000] },
      'rows that overflow 32 bits': { ne: [0, 0x8000_0000, 2] },
      'no strides at all': { ne: [16, 2 ** 20], nb: [0, 0, 0, 0] },
      'a withdrawn type': { type: 4 },
      'a type that never was': { type: 43 },
      'no whole blocks': { type: 8, nb: [34, 17, 68, 68] },
      'flags of another time': { flags: 64 },
    }
    for (const [name, words] of Object.entries(wrong)) assert.notEqual(changed({ x: words }), undefined, name)
    // From address 0, an index and a stride reach everything.
    assert.match(String(changed({ scaled: { buffer: 0, data: 0 } })), /result without a buffer/)
    assert.match(String(changed({ x: { buffer: 0, data: 0 } })), /source without a buffer/)
    assert.match(String(changed({ weights: { buffer: 0, data: 0 } })), /source without a buffer/)
    const unnamed = sampleGraph().subarray(9)
    unnamed[unnamed.length - 5] = 65
    assert.equal(check(unnamed), 'a tensor name without an end')
  })

  it('has each tensor and each node once, and sources before what is made of them', () => {
    assert.equal(changed({ weights: { id: 1 } }), 'two tensors with one id')
    assert.equal(changed({ x: { id: 0 } }), 'a tensor without a proper id')
    assert.equal(changed({ norm: { src: [6] } }), 'a source that comes after its tensor')
    assert.equal(changed({ norm: { src: [5] } }), 'a source that comes after its tensor')
    assert.equal(changed({ norm: { src: [999] } }), 'a source that is not among the tensors')
    const x = placed(0, { id: 1, ne: [16] })
    const doubled = placed(64, { id: 2, ne: [16], op: 2, src: [1, 1] })
    const tensors = [x, doubled].map((words) => tensor(words))
    assert.equal(check(graph([2], tensors)), undefined)
    assert.equal(check(graph([2, 2], tensors)), 'a node that comes twice')
    assert.equal(check(graph([2, 0], tensors)), 'a node that is not among the tensors')
    assert.equal(check(graph([], tensors)), 'a graph of 0 nodes')
  })

  it('is as long as it says, whatever its counts are', () => {
    const body = sampleGraph().subarray(9)
    for (const at of [4, 8 + 8 * body.readUInt32LE(4)]) {
      for (const count of [0, 1, 0xffff_ffff, 0x1000_0000]) {
        const forged = Buffer.from(body)
        forged.writeUInt32LE(count, at)
        assert.notEqual(check(forged), undefined)
      }
    }
    assert.notEqual(check(body.subarray(0, body.length - 1)), undefined)
    assert.notEqual(check(Buffer.concat([body, Buffer.alloc(1)])), undefined)
  })

  it('is not nested so deep that the worker runs out of stack', () => {
    const template = tensor(placed(0, { op: 2 }))
    const nested = (depth: number) => {
      const tensors = Array.from({ length: depth }, (_, i) => {
        const bytes = Buffer.from(template)
        bytes.writeUInt32LE(i + 1, 0)
        bytes.writeUInt32LE(i, 124)
        bytes.writeUInt32LE(i, 132)
        return bytes
      })
      return check(graph([depth], tensors))
    }
    assert.equal(nested(4096), undefined)
    assert.equal(nested(4200), 'tensors nested too deep')
  })

  it('shows views where the tensor lies that they are views of', () => {
    assert.equal(changed({ chosen: { viewOffset: 4 } }), 'a view that is not where it says')
    assert.equal(changed({ chosen: { viewOffset: 2 ** 60 } }), 'a view that is not where it says')
    assert.equal(changed({ chosen: { viewSrc: 15 } }), 'a view that is not where it says')
  })

  it('takes experts only from a sort over no more of them, which nothing has written over', () => {
    assert.match(String(changed({ sorted: { op: 0 } })), /experts/)
    assert.match(String(changed({ experts: { ne: [16, 4, 7], nb: [4, 64, 256, 1792] } })), /experts/)
    // The copy is computed later; here it is moved between the sort and its use.
    const over = { ...SAMPLE_TENSORS['copy'], id: 40, data: BASE + 9728 + 8, src: [1, 40] }
    const names = ['x', 'scores', 'sorted', 'chosen', 'experts', 'input']
    const before = names.map((name) => SAMPLE_TENSORS[name] ?? {})
    const mixed = SAMPLE_TENSORS['mixed'] ?? {}
    assert.equal(chain(...before, mixed), undefined)
    assert.match(String(chain(...before, over, mixed)), /experts/)
  })

  it('has operands that fit, where kernels would go by one of them', () => {
    const bad: Record<string, Record<string, Partial<TensorWords>>> = {
      'a product of other rows': { product: { ne: [9, 4] } },
      'a product of types': { product: { type: 1 } },
      'a factor that does not repeat': { gain: { ne: [5] } },
      'a norm of another shape': { norm: { ne: [16, 5] } },
      'a row of another length': { rows: { ne: [32, 3] } },
      'indices of floats': { indices: { type: 0 } },
      'rows kept in narrower cells': { cells: { ne: [8, 32] }, kept: { ne: [8, 32] } },
      'places of eight bytes for a few': { places: { ne: [2] } },
      'a negative number of dimensions': { rope: { params: [0, -2, 0, 0, 512] } },
      'no dimensions': { rope: { params: [0, 0, 0, 0, 512] } },
      'dimensions beyond the row': { rope: { params: [0, 10, 0, 0, 512] } },
      'positions for fewer tokens': { positions: { ne: [3] } },
      'four positions each, of which one is there': { rope: { params: [0, 8, 8, 0, 512, 0, 0, 0, 0, 0, 0, 1] } },
      'a mask for fewer rows': { mask: { ne: [4, 3] } },
      'values for fewer keys': { attended: { src: [26, 25, 8, 27] } },
      'a join along a fifth dimension': { joined: { params: [4] } },
      'a join that is too short': { joined: { ne: [16, 7] } },
      'a copy of more': { copy: { ne: [16, 5] } },
      'a gate without an operation': { gated: { params: [7] } },
      'scores in another shape': { sorted: { ne: [7, 4] } },
    }
    for (const [name, changes] of Object.entries(bad)) {
      assert.match(String(changed(changes)), /operands that do not fit|experts/, name)
    }
  })

  it('reads no parameter as a place in memory that is not there', () => {
    const a = placed(0, { id: 1, ne: [16, 4] })
    const b = placed(512, { id: 2, ne: [4, 2] })
    const set = (...params: number[]) => chain(a, b, placed(1024, { id: 3, ne: [16, 4], op: 33, src: [1, 2], params }))
    assert.equal(set(64, 256, 256, 0), undefined)
    assert.equal(set(64, 256, 256, 256 - 64 - 16), undefined)
    for (const params of [
      [64, 256, 256, 256 - 64 - 12],
      [64, 256, 256, -4],
      [-64, 256, 256, 64],
      [0x7fff_ffff, 0, 0, 0],
    ]) {
      assert.match(String(set(...params)), /do not fit/, params.join())
    }
    const padded = (...params: number[]) => chain(a, placed(1024, { id: 3, ne: [18, 4], op: 64, src: [1], params }))
    assert.equal(padded(1, 1), undefined)
    assert.match(String(padded(-1, 3)), /do not fit/)
    assert.match(String(padded(0, 1)), /do not fit/)
  })

  it('goes by no stride that a check for contiguous memory leaves out', () => {
    const a = placed(0, { id: 1, ne: [4, 1, 8] })
    const scale = (nb: readonly number[]) => chain(a, placed(4096, { id: 2, ne: [4, 1, 8], nb, op: 32, src: [1] }))
    assert.equal(scale([4, 16, 16, 128]), undefined)
    assert.match(String(scale([4, 0x1000_0000, 16, 128])), /do not fit/)
  })

  it('converts through rows as long as the memory that is taken for them', () => {
    const wide = placed(0, { id: 1, ne: [64] })
    const quantized = (ne: number[], nb: number[]) =>
      chain(wide, placed(1024, { id: 2, type: 8, ne, nb, op: 34, src: [1] }))
    assert.equal(quantized([64], [34, 68, 68, 68]), undefined)
    assert.match(String(quantized([32, 2], [34, 34, 68, 68])), /do not fit/)
    const filled = chain(placed(0, { id: 1, type: 1, ne: [8], nb: [2, 16, 16, 16], op: 73 }))
    assert.match(String(filled), /do not fit/)
  })
})
