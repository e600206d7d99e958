import { FILE_TYPES } from './ggml-types.ts'
import type { GgufHeader, GgufMetadata } from './read-gguf.ts'
import type { GgufTensor } from './read-tensors.ts'

/** `projector` is the vision or audio part of a model (mmproj), `adapter` a LoRA; neither works alone. */
export type GgufKind = 'model' | 'projector' | 'adapter' | 'other'

export type GgufPooling = 'none' | 'mean' | 'cls' | 'last' | 'rank'

/** What the node wants to know of a GGUF file; of all its parts together when it is split. Absent: it does not say. */
export interface GgufSummary {
  readonly kind: GgufKind
  readonly architecture: string
  readonly name?: string
  /** How the weights are stored, e.g. `Q4_K_M`. */
  readonly quantization: string
  /** The longest context it was trained for, in tokens. */
  readonly contextLength?: number
  readonly blockCount?: number
  readonly embeddingLength?: number
  readonly headCount?: number
  readonly keyValueHeadCount?: number
  readonly vocabularySize?: number
  readonly parameterCount: number
  readonly tensorCount: number
  /** Of the file or files. */
  readonly sizeBytes: number
  /** Weights per layer, in the order of the layers. */
  readonly blockBytes: readonly number[]
  /** Weights outside of the layers: embeddings and output. */
  readonly sharedBytes: number
  /** Jinja text. */
  readonly chatTemplate?: string
  /** Set when the model was made for embeddings, or (`rank`) for reranking. */
  readonly pooling?: GgufPooling
}

/** Nothing but a language model had its layers counted before. */
const MAX_BLOCKS = 512

const POOLINGS: readonly GgufPooling[] = ['none', 'mean', 'cls', 'last', 'rank']

export function kindOf(metadata: GgufMetadata): GgufKind {
  const type = metadata.get('general.type')
  const architecture = metadata.get('general.architecture')
  if (type === 'adapter' || metadata.has('adapter.type')) return 'adapter'
  if (type === 'mmproj' || architecture === 'clip') return 'projector'
  // A language model has a tokenizer; a diffusion model or an importance matrix has none.
  if (metadata.has('tokenizer.ggml.model') || architecture === 'llama') return 'model'
  return metadata.has(`${String(architecture)}.block_count`) ? 'model' : 'other'
}

/** `parts` are the files of one model, the first in front. */
export function summarizeGguf(first: GgufHeader, parts: readonly GgufHeader[]): GgufSummary {
  const { metadata } = first
  const architecture = textAt(metadata, 'general.architecture') ?? ''
  const at = (key: string): number | undefined => numberAt(metadata, `${architecture}.${key}`)
  const tensors = parts.flatMap((part) => part.tensors)
  const blockCount = at('block_count')
  const pooling = POOLINGS[at('pooling_type') ?? -1]
  const tokens = metadata.get('tokenizer.ggml.tokens')
  return {
    kind: kindOf(metadata),
    architecture,
    quantization: FILE_TYPES.get(numberAt(metadata, 'general.file_type') ?? -1) ?? mostUsedType(tensors),
    parameterCount: tensors.reduce((sum, tensor) => sum + tensor.elements, 0),
    tensorCount: tensors.length,
    sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    ...weightsByBlock(tensors, blockCount ?? 0),
    ...present('name', textAt(metadata, 'general.name')),
    ...present('contextLength', at('context_length')),
    ...present('blockCount', blockCount),
    ...present('embeddingLength', at('embedding_length')),
    ...present('headCount', at('attention.head_count')),
    ...present('keyValueHeadCount', at('attention.head_count_kv') ?? at('attention.head_count')),
    ...present('vocabularySize', typeof tokens === 'object' && 'length' in tokens ? tokens.length : undefined),
    ...present('chatTemplate', textAt(metadata, 'tokenizer.chat_template')),
    ...present('pooling', pooling),
  }
}

function weightsByBlock(
  tensors: readonly GgufTensor[],
  blockCount: number,
): Pick<GgufSummary, 'blockBytes' | 'sharedBytes'> {
  const blockBytes = Array.from({ length: Math.min(blockCount, MAX_BLOCKS) }, () => 0)
  let sharedBytes = 0
  for (const { name, sizeBytes } of tensors) {
    const block = /^blk\.(\d{1,4})\./.exec(name)?.[1]
    const soFar = block === undefined ? undefined : blockBytes[Number(block)]
    if (soFar === undefined) sharedBytes += sizeBytes
    else blockBytes[Number(block)] = soFar + sizeBytes
  }
  return { blockBytes, sharedBytes }
}

/** The format that takes the most bytes. */
function mostUsedType(tensors: readonly GgufTensor[]): string {
  const bytes = new Map<string, number>()
  for (const { type, sizeBytes } of tensors) bytes.set(type.name, (bytes.get(type.name) ?? 0) + sizeBytes)
  const [most] = [...bytes].sort(([, one], [, other]) => other - one)
  return most?.[0] ?? 'unknown'
}

function textAt(metadata: GgufMetadata, key: string): string | undefined {
  const value = metadata.get(key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberAt(metadata: GgufMetadata, key: string): number | undefined {
  const value = metadata.get(key)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value })
}
