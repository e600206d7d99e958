import { OP, VIEW_OPS } from './ggml-types.ts'
import type { Tensor } from './tensor.ts'

const MAX_VIEWS = 16

export interface NodeOrder {
  readonly nodes: readonly Tensor[]
  readonly tensors: ReadonlyMap<number, Tensor>
  /** Where in `nodes` the tensor of this id is. */
  readonly places: ReadonlyMap<number, number>
}

/**
 * MUL_MAT_ID writes at the places that its indices name, and does not check them. They are good when they are the result of a
 * sort over no more experts than there are, in the same graph, and nothing in between writes where they lie.
 */
export function expertIdsAreSorted(node: Tensor, order: NodeOrder): boolean {
  const ids = order.tensors.get(node.src[2] ?? 0)
  const experts = order.tensors.get(node.src[0] ?? 0)
  const sorted = ids === undefined ? undefined : rootOf(ids, order.tensors)
  if (ids === undefined || experts === undefined || sorted === undefined) return false
  if (sorted.op !== OP.argsort && sorted.op !== OP.topK) return false
  const scores = order.tensors.get(sorted.src[0] ?? 0)
  if (scores === undefined || scores.ne[0] > experts.ne[2]) return false
  if (ids.data < sorted.data || ids.data + ids.bytes > sorted.data + sorted.bytes) return false
  return between(sorted, node, order).every((other) => VIEW_OPS.has(other.op) || !overlaps(other, ids))
}

/** The nodes after `from`, up to and with `to`; when they are not both there in this order, what overlaps: `from` itself. */
function between(from: Tensor, to: Tensor, { nodes, places }: NodeOrder): readonly Tensor[] {
  const [start, end] = [places.get(from.id), places.get(to.id)]
  return start === undefined || end === undefined || start > end ? [from] : nodes.slice(start + 1, end + 1)
}

function rootOf(tensor: Tensor, tensors: ReadonlyMap<number, Tensor>): Tensor | undefined {
  let root: Tensor | undefined = tensor
  for (let i = 0; i < MAX_VIEWS && root !== undefined && root.viewSrc !== 0; i++) root = tensors.get(root.viewSrc)
  return root
}

/** Kernels may write rows packed, so that a tensor is taken to reach as far as both ways of counting do. */
function overlaps(a: Tensor, b: Tensor): boolean {
  return a.data < b.data + b.reach && b.data < a.data + a.reach
}
