import { OP, TYPE } from './ggml-types.ts'
import type { OpRule } from './op-rules.ts'
import type { Tensor } from './tensor.ts'
import { elements, hasShape, isBlocked, isContiguous, isF32, repeats, sameShape } from './tensor-shape.ts'

/** Conversions that go through memory measured by the rows of the result. */
function viaRows(a: Tensor, node: Tensor): boolean {
  if (isBlocked(a) || isBlocked(node)) return true
  const pair = [a.type, node.type]
  return pair.includes(TYPE.i32) || (pair.includes(TYPE.f16) && pair.includes(TYPE.bf16))
}

const copy: OpRule = (node, [a]) => {
  if (a === undefined || elements(a) !== elements(node)) return false
  if (sameShape(a, node)) return true
  if (a.type === node.type) return !isBlocked(a) || (isContiguous(a) && isContiguous(node))
  return !viaRows(a, node) || (a.ne[0] === node.ne[0] && isContiguous(node))
}

const repeat: OpRule = (node, [a]) => a !== undefined && a.type === node.type && !isBlocked(a) && repeats(a, node)

const concat: OpRule = (node, [a, b]) => {
  const dimension = node.params[0] ?? -1
  if (a === undefined || b === undefined || dimension < 0 || dimension > 3) return false
  if (a.type !== b.type || a.type !== node.type) return false
  return [0, 1, 2, 3].every((i) => {
    const [of, ofA, ofB] = [node.ne[i] ?? 0, a.ne[i] ?? 0, b.ne[i] ?? 0]
    return i === dimension ? of === ofA + ofB : of === ofA && of === ofB
  })
}

/** The four pairs of paddings; what they make of the source must be the result. */
const pad: OpRule = (node, [a]) => {
  if (a === undefined || !isF32(node, a)) return false
  return [0, 1, 2, 3].every((i) => {
    const [left, right] = [node.params[2 * i] ?? 0, node.params[2 * i + 1] ?? 0]
    return left >= 0 && right >= 0 && node.ne[i] === (a.ne[i] ?? 0) + left + right
  })
}

/** Strides and offset are parameters, read as signed numbers, and the kernel checks the last row only by its beginning. */
const set: OpRule = (node, [a, b]) => {
  if (a === undefined || b === undefined || a.type !== node.type || b.type !== node.type) return false
  if (node.type !== TYPE.f32 && node.type !== TYPE.i32) return false
  if (!sameShape(a, node) || !isContiguous(a) || !isContiguous(node)) return false
  const [nb1 = -1, nb2 = -1, nb3 = -1, offset = -1] = node.params
  if (Math.min(nb1, nb2, nb3, offset) < 0) return false
  if (elements(b) === 0) return true
  const end = offset + (b.ne[3] - 1) * nb3 + (b.ne[2] - 1) * nb2 + (b.ne[1] - 1) * nb1 + b.ne[0] * 4
  return end <= node.bytes
}

/** The kernel checks each index. */
const getRows: OpRule = (node, [a, indices]) =>
  a !== undefined &&
  indices !== undefined &&
  indices.type === TYPE.i32 &&
  node.type === (a.type === TYPE.i32 ? TYPE.i32 : TYPE.f32) &&
  a.ne[2] === indices.ne[1] &&
  a.ne[3] === indices.ne[2] &&
  indices.ne[3] === 1 &&
  hasShape(node, a.ne[0], indices.ne[0], indices.ne[1], indices.ne[2])

/** The kernel checks each index. */
const setRows: OpRule = (node, [a, indices]) =>
  a !== undefined &&
  indices !== undefined &&
  (indices.type === TYPE.i32 || indices.type === TYPE.i64) &&
  (a.type === TYPE.f32 || a.type === TYPE.f16) &&
  node.ne[0] === a.ne[0] &&
  node.ne[2] === a.ne[2] &&
  node.ne[3] === a.ne[3] &&
  a.ne[1] === indices.ne[0] &&
  a.ne[2] % indices.ne[1] === 0 &&
  a.ne[3] % indices.ne[2] === 0 &&
  indices.ne[3] === 1

/** Copies, and what puts tensors together. */
export const LAYOUT_RULES: readonly (readonly [number, OpRule])[] = [
  [OP.dup, copy],
  [OP.cpy, copy],
  [OP.cont, copy],
  [OP.repeat, repeat],
  [OP.concat, concat],
  [OP.pad, pad],
  [OP.set, set],
  [OP.getRows, getRows],
  [OP.setRows, setRows],
]
