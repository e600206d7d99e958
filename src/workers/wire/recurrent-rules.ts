import { OP } from './ggml-types.ts'
import type { OpRule } from './op-rules.ts'
import type { Tensor } from './tensor.ts'
import { elements, hasShape, isContiguous, isF32 } from './tensor-shape.ts'

/** The kernel of RWKV 7 goes through a head in steps of up to so many floats and has no rest. */
const VECTOR_STEP = 64

const ssmConv: OpRule = (node, [x, weights]) => {
  if (x === undefined || weights === undefined || !isF32(node, x, weights)) return false
  if (x.ne[3] !== 1 || weights.ne[2] !== 1 || weights.ne[3] !== 1 || !isContiguous(weights)) return false
  const tokens = x.ne[0] - weights.ne[0] + 1
  return tokens >= 0 && x.ne[1] === weights.ne[1] && hasShape(node, x.ne[1], tokens, x.ne[2])
}

/** The shape of RWKV's and gated linear attention: tensors of tokens, one state for each sequence, both in the result. */
function linearAttention(node: Tensor, tokens: readonly (Tensor | undefined)[], state: Tensor | undefined): boolean {
  const [first] = tokens
  if (first === undefined || state === undefined) return false
  const [size, heads, count] = first.ne
  const sequences = state.ne[1]
  if (!(count >= 1 && sequences >= 1 && count % sequences === 0)) return false
  for (const tensor of tokens) {
    if (tensor === undefined || !isF32(tensor) || !isContiguous(tensor)) return false
    if (!hasShape(tensor, size, heads, count)) return false
  }
  return (
    isF32(node, state) &&
    isContiguous(state) &&
    isContiguous(node) &&
    elements(state) === size * size * heads * sequences &&
    hasShape(node, size * heads, count + size * sequences)
  )
}

const rwkv6: OpRule = (node, [k, v, r, first, decay, state]) =>
  first !== undefined &&
  k !== undefined &&
  isF32(first) &&
  isContiguous(first) &&
  elements(first) >= k.ne[0] * k.ne[1] &&
  linearAttention(node, [k, v, r, decay], state)

const gatedLinearAttention: OpRule = (node, [k, v, q, g, state]) => linearAttention(node, [k, v, q, g], state)

const rwkv7: OpRule = (node, [r, w, k, v, a, b, state]) =>
  r !== undefined && r.ne[0] % VECTOR_STEP === 0 && linearAttention(node, [r, w, k, v, a, b], state)

const gatedDeltaNet: OpRule = (node, [q, k, v, gate, beta, state]) => {
  if (q === undefined || k === undefined || v === undefined) return false
  if (gate === undefined || beta === undefined || state === undefined) return false
  const [size, heads, tokens, sequences] = v.ne
  const snapshots = node.params[0] ?? 0
  if (!isF32(node, q, k, v, gate, beta, state) || snapshots < 1) return false
  for (const tensor of [q, k]) {
    if (tensor.ne[0] !== size || tensor.ne[1] < 1 || tensor.ne[2] !== tokens || sequences % tensor.ne[3] !== 0)
      return false
  }
  return (
    (gate.ne[0] === 1 || gate.ne[0] === size) &&
    hasShape(gate, gate.ne[0], heads, tokens, sequences) &&
    hasShape(beta, 1, heads, tokens, sequences) &&
    hasShape(state, size, size, heads, sequences) &&
    [gate, beta, state, node].every(isContiguous) &&
    hasShape(node, size * heads, tokens * sequences + snapshots * size * sequences)
  )
}

/** Models with a state instead of, or beside, attention. */
export const RECURRENT_RULES: readonly (readonly [number, OpRule])[] = [
  [OP.ssmConv, ssmConv],
  [OP.rwkvWkv6, rwkv6],
  [OP.gatedLinearAttn, gatedLinearAttention],
  [OP.rwkvWkv7, rwkv7],
  [OP.gatedDeltaNet, gatedDeltaNet],
]
