import { ATTENTION_RULES } from './attention-rules.ts'
import { ELEMENT_RULES } from './element-rules.ts'
import { LAYOUT_RULES } from './layout-rules.ts'
import { RECURRENT_RULES } from './recurrent-rules.ts'
import type { Tensor } from './tensor.ts'

/**
 * Whether an operation may be computed on these operands, all of which lie inside their buffers. `src` holds what the
 * node names as its sources, undefined where it names none.
 */
export type OpRule = (node: Tensor, src: readonly (Tensor | undefined)[]) => boolean

/**
 * What may be computed, by the number of the operation. Each rule asks for what ggml.c's own constructor of the operation
 * would have made, and for more where a kernel of ggml-cpu counts on more: the kernels were written for graphs made in
 * the same process and check shapes with `assert`, which a release build leaves out. What is missing is refused; SSM_SCAN is
 * missing because its kernel follows indices that it does not check.
 */
export const OP_RULES: ReadonlyMap<number, OpRule> = new Map([
  ...ELEMENT_RULES,
  ...LAYOUT_RULES,
  ...ATTENTION_RULES,
  ...RECURRENT_RULES,
])
