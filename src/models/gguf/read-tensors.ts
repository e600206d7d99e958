import type { ByteWindow } from './byte-window.ts'
import { fileProblem, quoted } from './file-problem.ts'
import { GGML_TYPES, type GgmlType, REMOVED_GGML_TYPES } from './ggml-types.ts'

export interface GgufTensor {
  readonly name: string
  /** The contiguous dimension first. */
  readonly dimensions: readonly number[]
  readonly type: GgmlType
  readonly elements: number
  readonly sizeBytes: number
  /** From the start of the weights. */
  readonly offset: number
}

export interface TensorTable {
  readonly tensors: readonly GgufTensor[]
  readonly alignment: number
  /** Where in the file the weights begin. */
  readonly dataOffset: number
}

interface TableShape {
  readonly count: number
  readonly alignment: number
  readonly fileBytes: number
}

/** llama.cpp's GGML_MAX_NAME, less the final zero. */
const MAX_NAME_BYTES = 63
const MAX_DIMENSIONS = 4

/** Reads the list of tensors and checks that their weights follow each other, aligned, and end inside the file. */
export async function readTensors(window: ByteWindow, shape: TableShape): Promise<TensorTable> {
  const { alignment } = shape
  const tensors: GgufTensor[] = []
  const names = new Set<string>()
  let end = 0
  for (let index = 0; index < shape.count; index++) {
    const tensor = await readTensor(window)
    if (names.has(tensor.name)) throw fileProblem(`it has the tensor ${quoted(tensor.name)} twice`)
    names.add(tensor.name)
    refuseMisplaced(tensor, alignUp(end, alignment), alignment)
    tensors.push(tensor)
    end = tensor.offset + tensor.sizeBytes
  }
  const dataOffset = alignUp(window.position, alignment)
  const missing = dataOffset + end - shape.fileBytes
  if (shape.count > 0 && missing > 0) {
    const expectedBytes = dataOffset + end
    throw fileProblem(`it is cut off: ${missing} of ${expectedBytes} bytes are missing`, { missing, expectedBytes })
  }
  return { tensors, alignment, dataOffset }
}

async function readTensor(window: ByteWindow): Promise<GgufTensor> {
  await window.ensure(8)
  const nameBytes = window.u64()
  if (nameBytes > MAX_NAME_BYTES) throw fileProblem(`it has a tensor name of ${nameBytes} bytes`, { length: nameBytes })
  await window.ensure(nameBytes + 4)
  const name = window.bytes(nameBytes).toString('utf8')
  const dimensionCount = window.u32()
  if (dimensionCount > MAX_DIMENSIONS) {
    throw fileProblem(
      `its tensor ${quoted(name)} has ${dimensionCount} dimensions, and ${MAX_DIMENSIONS} are the limit`,
    )
  }
  await window.ensure(dimensionCount * 8 + 12)
  const dimensions = Array.from({ length: dimensionCount }, () => window.u64())
  const type = knownType(window.u32(), name)
  const offset = window.u64()
  return { name, dimensions, type, offset, ...measure(name, dimensions, type) }
}

function knownType(code: number, name: string): GgmlType {
  const type = GGML_TYPES.get(code)
  if (type !== undefined) return type
  const removed = REMOVED_GGML_TYPES.get(code)
  const what = removed === undefined ? `the unknown format ${code}` : `the format ${removed}`
  throw fileProblem(`its tensor ${quoted(name)} is stored in ${what}`, { tensor: name, type: code })
}

function measure(name: string, dimensions: readonly number[], type: GgmlType): { elements: number; sizeBytes: number } {
  const shape = dimensions.join(' x ')
  if (dimensions.some((dimension) => dimension < 1)) {
    throw fileProblem(`its tensor ${quoted(name)} has an empty dimension (${shape})`, { tensor: name })
  }
  const elements = dimensions.reduce((product, dimension) => product * dimension, 1)
  if ((dimensions[0] ?? 1) % type.blockSize !== 0) {
    const unit = `${type.name} needs rows in multiples of ${type.blockSize}`
    throw fileProblem(`its tensor ${quoted(name)} has the shape ${shape}, but ${unit}`, { tensor: name })
  }
  const sizeBytes = (elements / type.blockSize) * type.typeSize
  if (!Number.isSafeInteger(elements) || !Number.isSafeInteger(sizeBytes)) {
    throw fileProblem(`its tensor ${quoted(name)} claims an impossible size (${shape})`, { tensor: name })
  }
  return { elements, sizeBytes }
}

function refuseMisplaced({ name, offset }: GgufTensor, expected: number, alignment: number): void {
  if (offset === expected) return
  const where = offset % alignment === 0 ? `where ${expected} was expected` : `which is not aligned to ${alignment}`
  throw fileProblem(`its tensor ${quoted(name)} is said to begin at ${offset}, ${where}`, { tensor: name, offset })
}

function alignUp(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment
}
