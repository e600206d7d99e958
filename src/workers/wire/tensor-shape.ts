import { TYPE, typeLayout } from './ggml-types.ts'
import { rowBytes, type Tensor } from './tensor.ts'

export function sameShape(a: Tensor, b: Tensor): boolean {
  return a.ne[0] === b.ne[0] && a.ne[1] === b.ne[1] && a.ne[2] === b.ne[2] && a.ne[3] === b.ne[3]
}

/** Dimensions that are not given are one. */
export function hasShape(tensor: Tensor, ...shape: readonly number[]): boolean {
  return [0, 1, 2, 3].every((i) => tensor.ne[i] === (shape[i] ?? 1))
}

/** `ggml_can_repeat`: the small one fits into the large one a whole number of times. */
export function repeats(small: Tensor, large: Tensor): boolean {
  return (
    large.ne[0] % small.ne[0] === 0 &&
    large.ne[1] % small.ne[1] === 0 &&
    large.ne[2] % small.ne[2] === 0 &&
    large.ne[3] % small.ne[3] === 0
  )
}

export function elements(tensor: Tensor): number {
  return tensor.ne[0] * tensor.ne[1] * tensor.ne[2] * tensor.ne[3]
}

export function rows(tensor: Tensor): number {
  return tensor.ne[1] * tensor.ne[2] * tensor.ne[3]
}

export function isBlocked(tensor: Tensor): boolean {
  return (typeLayout(tensor.type)?.block ?? 0) > 1
}

export function isF32(...tensors: readonly Tensor[]): boolean {
  return tensors.every((tensor) => tensor.type === TYPE.f32)
}

/** `ggml_is_contiguous`. As there, strides of dimensions of one element do not count. */
export function isContiguous(tensor: Tensor): boolean {
  const layout = typeLayout(tensor.type)
  if (layout === undefined) return false
  if (tensor.ne[0] !== layout.block && tensor.nb[0] !== layout.bytes) return false
  let next = rowBytes(tensor.ne[0], layout)
  for (let i = 1; i < 4; i++) {
    const ne = tensor.ne[i] ?? 0
    if (ne === 1) continue
    if (tensor.nb[i] !== next) return false
    next *= ne
  }
  return true
}

/**
 * For kernels that go through all rows by the second stride alone: they ask `ggml_is_contiguous`, which does not look at
 * that stride when the second dimension is one.
 */
export function rowsFollow(tensor: Tensor): boolean {
  const layout = typeLayout(tensor.type)
  if (layout === undefined) return false
  const count = rows(tensor)
  return count === 0 || (count - 1) * tensor.nb[1] + rowBytes(tensor.ne[0], layout) <= tensor.room
}
