import type { AbortOptions } from '../../base/signals.ts'
import type { GgufHeader, GgufMetadata } from './read-gguf.ts'
import type { GgufTensor } from './read-tensors.ts'
import { readModelHeaders } from './validate-gguf.ts'

/** Weights that stay together on one machine. */
export interface WeightGroup {
  /** In memory. */
  readonly bytes: number
  /**
   * Read to compute one token, by ggml type (`f16`, `q8_0`, `q4_K`): of a mixture of experts only those that are used.
   */
  readonly readBytes: Readonly<Record<string, number>>
}

export interface LayerSize extends WeightGroup {
  /** Of its cache of keys and values, for one token of one sequence, in f16. */
  readonly cacheBytesPerToken: number
}

/** What a language model takes, part by part, as its header tells; nothing of the weights is read. */
export interface ModelLayers {
  /** In the order in which a token passes them. */
  readonly layers: readonly LayerSize[]
  /** The embeddings and what belongs to no layer; llama.cpp keeps it where the engine runs. */
  readonly input: WeightGroup
  /** The last step, from the state to the vocabulary; where it is tied to the embeddings they are kept twice. */
  readonly output: WeightGroup
  readonly embeddingLength: number
  /** The widest of the layers; 0 where the header does not say. */
  readonly feedForwardLength: number
  readonly headCount: number
  readonly vocabularySize: number
  /** Tokens that it was trained for. */
  readonly contextLength: number
}

/** llama.cpp's LLAMA_MAX_LAYERS. */
const MAX_LAYERS = 512
const F16_BYTES = 2

/** Of all parts of the model whose first file this is. Throws as `validateGguf` does. */
export async function readModelLayers(path: string, options: AbortOptions = {}): Promise<ModelLayers> {
  return modelLayers(await readModelHeaders(path, options))
}

/** Pure. `parts` are the files of one model, the first in front. */
export function modelLayers(parts: readonly GgufHeader[]): ModelLayers {
  const metadata: GgufMetadata = parts[0]?.metadata ?? new Map()
  const tensors = parts.flatMap((part) => part.tensors)
  const architecture = String(metadata.get('general.architecture') ?? '')
  const at = (key: string, layer?: number): number => numberAt(metadata.get(`${architecture}.${key}`), layer)
  const count = Math.min(at('block_count'), MAX_LAYERS)
  const experts = at('expert_count')
  const used = experts > 0 ? Math.min(1, at('expert_used_count') / experts) : 1
  const groups = sortTensors(tensors, count)
  const measure = (group: readonly GgufTensor[]): WeightGroup => measureGroup(group, used)
  const tied = groups.output.some(({ name }) => name === 'output.weight')
    ? []
    : tensors.filter(({ name }) => name === 'token_embd.weight')
  const embedding = at('embedding_length')
  const cacheBytes = (layer: number): number => {
    const heads = at('attention.head_count', layer)
    // Some say it for all layers or each; absent: as many as there are heads; 0: a layer that keeps a state instead.
    const groupsOfHeads = metadata.has(`${architecture}.attention.head_count_kv`)
      ? at('attention.head_count_kv', layer)
      : heads
    const length = heads > 0 ? embedding / heads : 0
    return Math.ceil(
      groupsOfHeads * ((at('attention.key_length') || length) + (at('attention.value_length') || length)) * F16_BYTES,
    )
  }
  const vocabulary = metadata.get('tokenizer.ggml.tokens')
  return {
    layers: groups.layers.map((group, layer) => ({ ...measure(group), cacheBytesPerToken: cacheBytes(layer) })),
    input: measureInput(groups.input),
    output: measure([...groups.output, ...tied]),
    embeddingLength: embedding,
    feedForwardLength: Math.max(0, ...Array.from({ length: count }, (_, layer) => at('feed_forward_length', layer))),
    headCount: Math.max(0, ...Array.from({ length: count }, (_, layer) => at('attention.head_count', layer))),
    vocabularySize: typeof vocabulary === 'object' && 'length' in vocabulary ? vocabulary.length : at('vocab_size'),
    contextLength: at('context_length'),
  }
}

/** One number for all layers, or a list with one for each; 0 where there is none. */
function numberAt(value: ReturnType<GgufMetadata['get']>, layer = 0): number {
  const number = typeof value === 'object' && 'numbers' in value ? value.numbers?.[layer] : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : 0
}

function sortTensors(tensors: readonly GgufTensor[], count: number) {
  const layers: GgufTensor[][] = Array.from({ length: count }, () => [])
  const input: GgufTensor[] = []
  const output: GgufTensor[] = []
  for (const tensor of tensors) {
    const layer = layers[Number(/^blk\.(\d{1,3})\./.exec(tensor.name)?.[1] ?? -1)]
    if (layer !== undefined) layer.push(tensor)
    else if (/^(output|output_norm|cls)\b/.test(tensor.name)) output.push(tensor)
    else input.push(tensor)
  }
  return { layers, input, output }
}

function measureGroup(group: readonly GgufTensor[], used: number): WeightGroup {
  const readBytes: Record<string, number> = {}
  let bytes = 0
  for (const { name, type, sizeBytes } of group) {
    bytes += sizeBytes
    const word = typeWord(type.name)
    readBytes[word] = (readBytes[word] ?? 0) + sizeBytes * (/_exps\b/.test(name) ? used : 1)
  }
  return { bytes, readBytes }
}

/** Of the embeddings a token reads one row, which is nothing. */
function measureInput(group: readonly GgufTensor[]): WeightGroup {
  const { bytes } = measureGroup(group, 1)
  return { bytes, readBytes: {} }
}

/** As ggml writes its types: `Q4_K` is `q4_K`. */
function typeWord(name: string): string {
  return name.toLowerCase().replace(/_k$/, '_K')
}
