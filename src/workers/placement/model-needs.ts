import type { ModelLayers } from '../../models/gguf/layer-sizes.ts'

export interface ModelUse {
  readonly model: string
  readonly layers: ModelLayers
  /** Tokens of one sequence. */
  readonly contextSize: number
  /** Tokens that were asked for, where the model was trained for fewer. */
  readonly askedContextSize?: number
  readonly sequences: number
  /** Tokens of a prompt in one pass. */
  readonly batchSize: number
  readonly flashAttention: boolean
}

/** One step of a token's way: a layer, or the output as the last of all. */
export interface Step {
  readonly weightBytes: number
  readonly readBytes: Readonly<Record<string, number>>
  /** Weights, and the cache for all sequences. */
  readonly memoryBytes: number
}

export interface ModelNeeds {
  /** The layers and, behind them, the output. */
  readonly steps: readonly Step[]
  /** On this machine, however few layers it has: the embeddings and the engine. */
  readonly homeBytes: number
  /** On each machine that computes. */
  readonly computeBytes: number
  /** Besides, where the output is. */
  readonly outputComputeBytes: number
  /** What comes back from the output for each token. */
  readonly resultBytes: number
}

const FLOAT_BYTES = 4
const F16_BYTES = 2
const MIB = 2 ** 20
/** What a process takes before it has a model. */
const WORKER_BYTES = 32 * MIB
const ENGINE_BYTES = 160 * MIB
/** llama.cpp divides a cache into cells by so many. */
const CACHE_STEP = 256

/**
 * What a model takes while it runs. Weights and cache are exact; for what a pass computes with, the widest tensors of
 * llama.cpp's graphs that live at the same time are counted (seen there: 60 to 75 % of it). Pure.
 */
export function modelNeeds(use: ModelUse): ModelNeeds {
  const { layers, sequences, batchSize, flashAttention } = use
  const cells = Math.ceil(use.contextSize / CACHE_STEP) * CACHE_STEP
  const { embeddingLength, feedForwardLength, headCount, vocabularySize } = layers
  const mask = cells * F16_BYTES
  const scores = flashAttention ? 0 : cells * headCount * FLOAT_BYTES
  const state = (8 * embeddingLength + 3 * feedForwardLength) * FLOAT_BYTES
  const steps = layers.layers.map((layer) => ({
    weightBytes: layer.bytes,
    readBytes: layer.readBytes,
    memoryBytes: layer.bytes + layer.cacheBytesPerToken * cells * sequences,
  }))
  const { bytes, readBytes } = layers.output
  return {
    steps: [...steps, { weightBytes: bytes, readBytes, memoryBytes: bytes }],
    homeBytes: layers.input.bytes + ENGINE_BYTES,
    computeBytes: batchSize * (state + mask + scores) + WORKER_BYTES,
    outputComputeBytes: batchSize * vocabularySize * FLOAT_BYTES,
    resultBytes: vocabularySize * FLOAT_BYTES,
  }
}

/** Of a machine that has all of it. */
export function wholeNeeds(needs: ModelNeeds): { readonly memoryBytes: number; readonly readBytes: number } {
  const sum = (of: (step: Step) => number): number => needs.steps.reduce((all, step) => all + of(step), 0)
  return {
    memoryBytes: sum((step) => step.memoryBytes) + needs.homeBytes + needs.computeBytes + needs.outputComputeBytes,
    readBytes: sum(({ readBytes }) => Object.values(readBytes).reduce((all, bytes) => all + bytes, 0)),
  }
}
