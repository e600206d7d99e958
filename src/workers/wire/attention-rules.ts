import { OP, TYPE } from './ggml-types.ts'
import type { OpRule } from './op-rules.ts'
import { hasShape, isBlocked, isContiguous, isF32, sameShape } from './tensor-shape.ts'

const HADAMARD_HINT = 1
const ROPE_MODES: ReadonlySet<number> = new Set([0, 2, 8, 24, 40])
const MROPE = 8

const mulMat: OpRule = (node, [a, b]) => {
  if (a === undefined || b === undefined || !isF32(node)) return false
  if ((node.params[1] ?? 0) === HADAMARD_HINT && isBlocked(b)) return false
  return (
    a.ne[0] === b.ne[0] &&
    b.ne[2] % a.ne[2] === 0 &&
    b.ne[3] % a.ne[3] === 0 &&
    hasShape(node, a.ne[1], b.ne[1], b.ne[2], b.ne[3]) &&
    ((node.params[1] ?? 0) !== HADAMARD_HINT || sameShape(b, node))
  )
}

/** The kernel does not check the indices of the experts: expert-ids.ts does, by where they come from. */
const mulMatId: OpRule = (node, [a, b, ids]) =>
  a !== undefined &&
  b !== undefined &&
  ids !== undefined &&
  isF32(node, b) &&
  ids.type === TYPE.i32 &&
  a.ne[3] === 1 &&
  b.ne[3] === 1 &&
  ids.ne[2] === 1 &&
  ids.ne[3] === 1 &&
  ids.ne[1] === b.ne[2] &&
  a.ne[0] === b.ne[0] &&
  ids.ne[0] % b.ne[1] === 0 &&
  hasShape(node, a.ne[1], ids.ne[0], b.ne[2], 1)

const softMax: OpRule = (node, [a, mask, sinks]) => {
  if (a === undefined || !isF32(node, a) || !sameShape(a, node)) return false
  if (mask !== undefined) {
    if (mask.type !== TYPE.f16 && mask.type !== TYPE.f32) return false
    if (mask.ne[0] !== a.ne[0] || mask.ne[1] < a.ne[1]) return false
    if (a.ne[2] % mask.ne[2] !== 0 || a.ne[3] % mask.ne[3] !== 0) return false
  }
  return sinks === undefined || (isF32(sinks) && sinks.ne[0] === a.ne[2])
}

/**
 * A number of dimensions below two would make the copy of the remaining channels go backwards. The table of frequencies is
 * read up to half a row, however many of them are used.
 */
const rope: OpRule = (node, [a, positions, factors]) => {
  const [, dimensions = 0, mode = -1] = node.params
  const offset = node.params[15] ?? -1
  if (a === undefined || positions === undefined || !ROPE_MODES.has(mode)) return false
  if (!sameShape(a, node) || a.type !== node.type || (a.type !== TYPE.f32 && a.type !== TYPE.f16)) return false
  if (dimensions < 2 || dimensions % 2 !== 0 || a.ne[0] % 2 !== 0) return false
  if (offset < 0 || offset % 2 !== 0 || offset + dimensions > a.ne[0]) return false
  const each = (mode & MROPE) === 0 ? 1 : 4
  if (positions.type !== TYPE.i32 || !hasShape(positions, a.ne[2] * each)) return false
  return factors === undefined || (isF32(factors) && factors.ne[0] >= dimensions / 2 && factors.room >= a.ne[0] * 2)
}

const flashAttention: OpRule = (node, [q, k, v, mask, sinks]) => {
  if (q === undefined || k === undefined || v === undefined || !isF32(node, q)) return false
  const fits =
    q.ne[0] === k.ne[0] &&
    k.ne[1] === v.ne[1] &&
    q.ne[2] % k.ne[2] === 0 &&
    q.ne[2] % v.ne[2] === 0 &&
    q.ne[3] === k.ne[3] &&
    q.ne[3] === v.ne[3] &&
    isContiguous(node) &&
    hasShape(node, v.ne[0], q.ne[2], q.ne[1], q.ne[3])
  if (!fits) return false
  if (mask !== undefined) {
    if (mask.type !== TYPE.f16 || !isContiguous(mask)) return false
    if (mask.ne[0] < k.ne[1] || mask.ne[1] < q.ne[1]) return false
    if (q.ne[2] % mask.ne[2] !== 0 || q.ne[3] % mask.ne[3] !== 0) return false
  }
  return sinks === undefined || (isF32(sinks) && sinks.ne[0] === q.ne[2])
}

/** Matrices and attention. */
export const ATTENTION_RULES: readonly (readonly [number, OpRule])[] = [
  [OP.mulMat, mulMat],
  [OP.mulMatId, mulMatId],
  [OP.softMax, softMax],
  [OP.rope, rope],
  [OP.flashAttnExt, flashAttention],
]
