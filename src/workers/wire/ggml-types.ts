export interface TypeLayout {
  /** Elements in a block. */
  readonly block: number
  /** Bytes of a block. */
  readonly bytes: number
}

/** By the number of `enum ggml_type` (ggml.h), with the sizes of ggml-common.h; numbers that are not here were withdrawn. */
const LAYOUTS: readonly (TypeLayout | undefined)[] = [
  { block: 1, bytes: 4 }, // f32
  { block: 1, bytes: 2 }, // f16
  { block: 32, bytes: 18 }, // q4_0
  { block: 32, bytes: 20 }, // q4_1
  undefined,
  undefined,
  { block: 32, bytes: 22 }, // q5_0
  { block: 32, bytes: 24 }, // q5_1
  { block: 32, bytes: 34 }, // q8_0
  { block: 32, bytes: 36 }, // q8_1
  { block: 256, bytes: 84 }, // q2_K
  { block: 256, bytes: 110 }, // q3_K
  { block: 256, bytes: 144 }, // q4_K
  { block: 256, bytes: 176 }, // q5_K
  { block: 256, bytes: 210 }, // q6_K
  { block: 256, bytes: 292 }, // q8_K
  { block: 256, bytes: 66 }, // iq2_xxs
  { block: 256, bytes: 74 }, // iq2_xs
  { block: 256, bytes: 98 }, // iq3_xxs
  { block: 256, bytes: 50 }, // iq1_s
  { block: 32, bytes: 18 }, // iq4_nl
  { block: 256, bytes: 110 }, // iq3_s
  { block: 256, bytes: 82 }, // iq2_s
  { block: 256, bytes: 136 }, // iq4_xs
  { block: 1, bytes: 1 }, // i8
  { block: 1, bytes: 2 }, // i16
  { block: 1, bytes: 4 }, // i32
  { block: 1, bytes: 8 }, // i64
  { block: 1, bytes: 8 }, // f64
  { block: 256, bytes: 56 }, // iq1_m
  { block: 1, bytes: 2 }, // bf16
  undefined,
  undefined,
  undefined,
  { block: 256, bytes: 54 }, // tq1_0
  { block: 256, bytes: 66 }, // tq2_0
  undefined,
  undefined,
  undefined,
  { block: 32, bytes: 17 }, // mxfp4
  { block: 64, bytes: 36 }, // nvfp4
  { block: 128, bytes: 18 }, // q1_0
  { block: 64, bytes: 18 }, // q2_0
]

export const TYPE = { f32: 0, f16: 1, i32: 26, i64: 27, bf16: 30 } as const

export function typeLayout(type: number): TypeLayout | undefined {
  return LAYOUTS[type]
}

/** `enum ggml_op` (ggml.h): those that a graph may compute or look through. */
export const OP = {
  none: 0,
  dup: 1,
  add: 2,
  addId: 3,
  sub: 6,
  mul: 7,
  div: 8,
  sqr: 9,
  sqrt: 10,
  log: 11,
  sin: 12,
  cos: 13,
  sum: 14,
  sumRows: 15,
  cumsum: 16,
  mean: 17,
  argmax: 18,
  repeat: 20,
  concat: 22,
  norm: 24,
  rmsNorm: 25,
  groupNorm: 27,
  l2Norm: 28,
  mulMat: 29,
  mulMatId: 30,
  scale: 32,
  set: 33,
  cpy: 34,
  cont: 35,
  reshape: 36,
  view: 37,
  permute: 38,
  transpose: 39,
  getRows: 40,
  setRows: 42,
  diag: 43,
  softMax: 46,
  rope: 48,
  clamp: 50,
  pad: 64,
  arange: 67,
  argsort: 69,
  topK: 70,
  tri: 72,
  fill: 73,
  flashAttnExt: 74,
  ssmConv: 76,
  rwkvWkv6: 82,
  gatedLinearAttn: 83,
  rwkvWkv7: 84,
  solveTri: 85,
  gatedDeltaNet: 86,
  unary: 91,
  glu: 100,
} as const

/** They name a part of another tensor, and nothing is computed. */
export const VIEW_OPS: ReadonlySet<number> = new Set([OP.none, OP.reshape, OP.view, OP.permute, OP.transpose])
