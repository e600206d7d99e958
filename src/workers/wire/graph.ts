import { expertIdsAreSorted, type NodeOrder } from './expert-ids.ts'
import { OP, VIEW_OPS } from './ggml-types.ts'
import { OP_RULES } from './op-rules.ts'
import { MAX_NODES, MAX_TENSORS, readWord, TENSOR_BYTES } from './rpc-protocol.ts'
import { type FindBuffer, readTensor, type Tensor } from './tensor.ts'

/** The worker makes a tensor before its sources, by recursion (`create_node`): so deep at most. */
const MAX_DEPTH = 4096

interface Graph extends NodeOrder {
  readonly all: readonly Tensor[]
}

/**
 * Checks the body of GRAPH_COMPUTE: device (4 bytes), number of nodes (4), their ids (8 each), number of tensors (4), the
 * tensors. A sentence says what is not allowed. Measured in bench/worker-guard.ts.
 */
export function checkGraph(body: Buffer, find: FindBuffer): string | undefined {
  const graph = readGraph(body, find)
  if (typeof graph === 'string') return graph
  const wrong = checkSources(graph) ?? checkViews(graph)
  if (wrong !== undefined) return wrong
  for (const node of graph.nodes) {
    if (VIEW_OPS.has(node.op)) continue
    const refused = checkNode(node, graph)
    if (refused !== undefined) return refused
  }
  return
}

function readGraph(body: Buffer, find: FindBuffer): Graph | string {
  const nodeCount = body.readUInt32LE(4)
  if (nodeCount === 0 || nodeCount > MAX_NODES) return `a graph of ${nodeCount} nodes`
  const countAt = 8 + 8 * nodeCount
  if (body.length < countAt + 4) return 'a graph shorter than its nodes'
  const tensorCount = body.readUInt32LE(countAt)
  if (tensorCount > MAX_TENSORS) return `a graph of ${tensorCount} tensors`
  if (body.length !== countAt + 4 + TENSOR_BYTES * tensorCount) return 'a graph that is not as long as its tensors'
  const tensors = new Map<number, Tensor>()
  const all: Tensor[] = []
  for (let i = 0; i < tensorCount; i++) {
    const tensor = readTensor(body, countAt + 4 + TENSOR_BYTES * i, find)
    if (typeof tensor === 'string') return tensor
    if (!(tensor.id > 0 && tensor.id <= Number.MAX_SAFE_INTEGER)) return 'a tensor without a proper id'
    // The worker keeps the first of two, and its table of uses has no place for the second of two nodes.
    if (tensors.has(tensor.id)) return 'two tensors with one id'
    tensors.set(tensor.id, tensor)
    all.push(tensor)
  }
  const nodes: Tensor[] = []
  const places = new Map<number, number>()
  for (let i = 0; i < nodeCount; i++) {
    const node = tensors.get(readWord(body, 8 + 8 * i))
    if (node === undefined) return 'a node that is not among the tensors'
    if (places.has(node.id)) return 'a node that comes twice'
    places.set(node.id, i)
    nodes.push(node)
  }
  return { all, tensors, nodes, places }
}

/** ggml sends a tensor after its sources. That excludes cycles but for a copy to itself, which `ggml_cast` makes. */
function checkSources({ all, tensors, nodes }: Graph): string | undefined {
  const seen = new Set<number>()
  for (const tensor of all) {
    for (const id of [...tensor.src, tensor.viewSrc]) {
      if (id === 0 || seen.has(id)) continue
      if (id === tensor.id && tensor.op === OP.cpy && tensor.viewSrc !== id) continue
      return tensors.has(id) ? 'a source that comes after its tensor' : 'a source that is not among the tensors'
    }
    seen.add(tensor.id)
  }
  const made = new Set<number>()
  return nodes.every((node) => makes(node, tensors, made)) ? undefined : 'tensors nested too deep'
}

/** Follows the worker's recursion from one node on, without recursion. */
function makes(node: Tensor, tensors: ReadonlyMap<number, Tensor>, made: Set<number>): boolean {
  if (made.has(node.id)) return true
  made.add(node.id)
  const stack = [{ ids: [...node.src, node.viewSrc], next: 0 }]
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const id = top.ids[top.next]
    top.next += 1
    if (id === undefined) stack.pop()
    if (id === undefined || id === 0 || made.has(id)) continue
    made.add(id)
    const tensor = tensors.get(id)
    if (tensor === undefined || stack.length >= MAX_DEPTH) return false
    stack.push({ ids: [...tensor.src, tensor.viewSrc], next: 0 })
  }
  return true
}

/** Some backends find the data of a view by the tensor that it is a view of. */
function checkViews({ all, tensors }: Graph): string | undefined {
  for (const tensor of all) {
    const of = tensors.get(tensor.viewSrc)
    if (of === undefined) continue
    if (tensor.buffer === 0 && of.buffer === 0) continue
    if (tensor.buffer !== of.buffer || tensor.data !== of.data + tensor.viewOffset)
      return 'a view that is not where it says'
  }
  return
}

function checkNode(node: Tensor, graph: Graph): string | undefined {
  const rule = OP_RULES.get(node.op)
  if (rule === undefined) return `operation ${node.op} is not allowed`
  // Without a buffer the data begin at address 0, and an offset reaches everything.
  if (node.buffer === 0) return `operation ${node.op} has a result without a buffer`
  const src: (Tensor | undefined)[] = []
  for (const id of node.src) {
    const tensor = id === 0 ? undefined : graph.tensors.get(id)
    if (tensor?.buffer === 0) return `operation ${node.op} has a source without a buffer`
    src.push(tensor)
  }
  if (!rule(node, src)) return `operation ${node.op} with operands that do not fit`
  if (node.op === OP.mulMatId && !expertIdsAreSorted(node, graph)) return 'experts that no sort has chosen'
  return
}
