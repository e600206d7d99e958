import { OP, TYPE } from './ggml-types.ts'
import type { OpRule } from './op-rules.ts'
import type { Tensor } from './tensor.ts'
import { elements, hasShape, isBlocked, isContiguous, isF32, repeats, rowsFollow, sameShape } from './tensor-shape.ts'

const UNARY_OPS = 22
const GLU_OPS = 7

const binary: OpRule = (node, [a, b]) =>
  a !== undefined && b !== undefined && sameShape(a, node) && repeats(b, a) && !isBlocked(b)

/** Quantized weights are added a row at a time in memory that is measured by the first operand. */
const add: OpRule = (node, src) => {
  const [a, b] = src
  if (a === undefined || b === undefined || !binary(node, src)) return false
  return isBlocked(a) || isBlocked(node) ? a.type === node.type && sameShape(a, b) && isF32(b) : true
}

const addId: OpRule = (node, [a, b, ids]) =>
  a !== undefined &&
  b !== undefined &&
  ids !== undefined &&
  sameShape(a, node) &&
  isF32(node, a, b) &&
  a.ne[0] === b.ne[0] &&
  a.ne[1] === ids.ne[0] &&
  a.ne[2] === ids.ne[1] &&
  ids.type === TYPE.i32

const sameAs: OpRule = (node, [a]) => a !== undefined && sameShape(a, node) && a.type === node.type

const floats: OpRule = (node, [a]) => a !== undefined && sameShape(a, node) && !isBlocked(a) && !isBlocked(node)

const flat: OpRule = (node, src) => {
  const [a] = src
  return a !== undefined && sameAs(node, src) && rowsFollow(a) && rowsFollow(node)
}

const unary: OpRule = (node, src) => {
  const op = node.params[0] ?? -1
  return op >= 0 && op < UNARY_OPS && !isBlocked(node) && sameAs(node, src)
}

const glu: OpRule = (node, [a, b]) => {
  const op = node.params[0] ?? -1
  if (a === undefined || op < 0 || op >= GLU_OPS || isBlocked(a) || a.type !== node.type) return false
  if (b !== undefined && !(sameShape(a, b) && a.type === b.type && rowsFollow(b))) return false
  const width = b === undefined ? Math.floor(a.ne[0] / 2) : a.ne[0]
  return hasShape(node, width, a.ne[1], a.ne[2], a.ne[3]) && rowsFollow(a) && rowsFollow(node)
}

function reduced(node: Tensor, a: Tensor): boolean {
  return isF32(node, a) && hasShape(node, 1, a.ne[1], a.ne[2], a.ne[3])
}

const alongRows: OpRule = (node, [a]) => a !== undefined && reduced(node, a)

const sum: OpRule = (node, [a]) => a !== undefined && isF32(node, a) && elements(node) === 1

const norm: OpRule = (node, [a]) => a !== undefined && isF32(node, a) && sameShape(a, node)

const groupNorm: OpRule = (node, src) => {
  const groups = node.params[0] ?? 0
  return norm(node, src) && groups >= 1 && groups <= node.ne[2]
}

const argmax: OpRule = (node, [a]) =>
  a !== undefined && isF32(a) && node.type === TYPE.i32 && a.ne[2] * a.ne[3] === 1 && hasShape(node, a.ne[1])

const argsort: OpRule = (node, [a]) =>
  a !== undefined && isF32(a) && node.type === TYPE.i32 && sameShape(a, node) && rowsFollow(a) && rowsFollow(node)

const topK: OpRule = (node, [a]) =>
  a !== undefined &&
  isF32(a) &&
  node.type === TYPE.i32 &&
  node.ne[0] <= a.ne[0] &&
  hasShape(node, node.ne[0], a.ne[1], a.ne[2], a.ne[3]) &&
  rowsFollow(a) &&
  rowsFollow(node)

/** The kernel writes floats whatever the type is. */
const fill: OpRule = (node) => isF32(node)

const tri: OpRule = (node, [a]) =>
  a !== undefined && isF32(node, a) && sameShape(a, node) && a.ne[0] === a.ne[1] && isContiguous(a)

const diag: OpRule = (node, [a]) =>
  a !== undefined && isF32(node, a) && a.ne[1] === 1 && hasShape(node, a.ne[0], a.ne[0], a.ne[2], a.ne[3])

const arange: OpRule = (node) => isF32(node)

const solveTri: OpRule = (node, [a, b]) =>
  a !== undefined &&
  b !== undefined &&
  isF32(node, a, b) &&
  a.ne[0] === a.ne[1] &&
  hasShape(b, b.ne[0], a.ne[1], a.ne[2], a.ne[3]) &&
  sameShape(b, node) &&
  isContiguous(a) &&
  isContiguous(b) &&
  isContiguous(node)

/** Element by element, along rows, and what is made from nothing. */
export const ELEMENT_RULES: readonly (readonly [number, OpRule])[] = [
  [OP.add, add],
  [OP.addId, addId],
  [OP.sub, binary],
  [OP.mul, binary],
  [OP.div, binary],
  [OP.sqr, floats],
  [OP.sqrt, floats],
  [OP.log, floats],
  [OP.sin, floats],
  [OP.cos, floats],
  [OP.sum, sum],
  [OP.sumRows, alongRows],
  [OP.mean, alongRows],
  [OP.cumsum, norm],
  [OP.argmax, argmax],
  [OP.norm, norm],
  [OP.rmsNorm, norm],
  [OP.groupNorm, groupNorm],
  [OP.l2Norm, norm],
  [OP.scale, (node, src) => isF32(node) && flat(node, src)],
  [OP.clamp, flat],
  [OP.argsort, argsort],
  [OP.topK, topK],
  [OP.tri, tri],
  [OP.fill, fill],
  [OP.diag, diag],
  [OP.arange, arange],
  [OP.solveTri, solveTri],
  [OP.unary, unary],
  [OP.glu, glu],
]
