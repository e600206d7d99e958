import { fileProblem, quoted } from './file-problem.ts'
import type { GgufList, GgufMetadata } from './read-gguf.ts'

/** llama.cpp's LLAMA_MAX_LAYERS and LLAMA_MAX_EXPERTS: beyond them it aborts. */
const MAX_BLOCKS = 512
const MAX_EXPERTS = 1024

/**
 * Dense transformers whose keys are known for sure. Elsewhere feed forward length, heads or the epsilon may be missing
 * for good reasons (state space models, experts only), and llama.cpp's own loader has the last word.
 */
const RMS_NORM = new Set(
  'llama qwen2 qwen3 gemma gemma2 gemma3 phi3 smollm3 granite internlm2 olmo2 exaone exaone4 glm4'.split(' '),
)
const LAYER_NORM = new Set('bert nomic-bert jina-bert-v2 gpt2 phi2 starcoder2'.split(' '))

const ROPE_SCALINGS = new Set(['none', 'linear', 'yarn', 'longrope'])
/** Tokenizers that are byte pair encodings, which need their merges. */
const BPE_TOKENIZERS = new Set(['gpt2', 'gemma4', 'hybriddna', 'whitespace'])

/**
 * Checks the keys without which llama.cpp fails, or aborts its whole process, when it loads a language model.
 * Throws `model.file-invalid`.
 */
export function checkTextModel(metadata: GgufMetadata, architecture: string): void {
  const key = (name: string): string => `${architecture}.${name}`
  const blocks = positive(metadata, key('block_count'))
  if (blocks > MAX_BLOCKS) throw fileProblem(`it has ${blocks} layers, and ${MAX_BLOCKS} are the limit`)
  positive(metadata, key('context_length'))
  const width = positive(metadata, key('embedding_length'))
  const isDense = RMS_NORM.has(architecture) || LAYER_NORM.has(architecture)
  if (isDense) checkDense(metadata, architecture, { blocks, width })
  const scaling = metadata.get(key('rope.scaling.type'))
  if (typeof scaling === 'string' && !ROPE_SCALINGS.has(scaling)) {
    throw fileProblem(`${key('rope.scaling.type')} is ${quoted(scaling)}, which llama.cpp does not know`)
  }
  const predictors = metadata.get(key('nextn_predict_layers'))
  if (typeof predictors === 'number' && predictors > blocks) {
    throw fileProblem(`${key('nextn_predict_layers')} is ${predictors}, more than its ${blocks} layers`)
  }
  checkExperts(metadata, architecture)
  checkTokenizer(metadata)
}

function checkDense(metadata: GgufMetadata, architecture: string, shape: { blocks: number; width: number }): void {
  const key = (name: string): string => `${architecture}.${name}`
  perLayer(metadata, key('feed_forward_length'), shape.blocks)
  const heads = perLayer(metadata, key('attention.head_count'), shape.blocks)
  const epsilon = RMS_NORM.has(architecture) ? 'layer_norm_rms_epsilon' : 'layer_norm_epsilon'
  const norm = required(metadata, key(`attention.${epsilon}`))
  if (typeof norm !== 'number' || !(norm >= 0)) throw fileProblem(`${key(`attention.${epsilon}`)} is no number`)
  if (heads === undefined) return
  if (!metadata.has(key('attention.key_length')) && shape.width % heads !== 0) {
    throw fileProblem(`its embedding length ${shape.width} is not divisible by its ${heads} attention heads`)
  }
  if (!metadata.has(key('attention.head_count_kv'))) return
  const groups = perLayer(metadata, key('attention.head_count_kv'), shape.blocks)
  if (groups !== undefined && heads % groups !== 0) {
    throw fileProblem(`its ${heads} attention heads are not divisible by its ${groups} key/value heads`)
  }
}

function checkExperts(metadata: GgufMetadata, architecture: string): void {
  const experts = metadata.get(`${architecture}.expert_count`) ?? 0
  const used = metadata.get(`${architecture}.expert_used_count`) ?? 0
  if (typeof experts !== 'number') throw fileProblem(`${architecture}.expert_count is no number`)
  if (experts > MAX_EXPERTS) throw fileProblem(`it has ${experts} experts, and ${MAX_EXPERTS} are the limit`)
  // Hunyuan's dense models say "one expert", which llama.cpp reads as none.
  if (typeof used !== 'number' || architecture.startsWith('hunyuan')) return
  if (used > experts || (experts > 0 && used === 0)) {
    throw fileProblem(`it says that ${used} of its ${experts} experts are used`)
  }
}

function checkTokenizer(metadata: GgufMetadata): void {
  const model = required(metadata, 'tokenizer.ggml.model')
  if (typeof model !== 'string') throw fileProblem('tokenizer.ggml.model is no text')
  if (model === 'none' || model === 'no_vocab') return
  const tokens = textList(metadata, 'tokenizer.ggml.tokens')
  if (tokens.length === 0) throw fileProblem('its vocabulary (tokenizer.ggml.tokens) is empty')
  if (BPE_TOKENIZERS.has(model) && metadata.get('tokenizer.ggml.pre') !== 'kimi-k2') {
    textList(metadata, 'tokenizer.ggml.merges')
  }
  for (const key of ['tokenizer.ggml.scores', 'tokenizer.ggml.token_type']) {
    const list = metadata.get(key)
    if (list === undefined) continue
    if (!isList(list) || list.length < tokens.length) {
      throw fileProblem(`${key} does not have a value for each of the ${tokens.length} tokens`)
    }
  }
}

function textList(metadata: GgufMetadata, key: string): GgufList {
  const value = required(metadata, key)
  if (!isList(value) || value.element !== 'str') throw fileProblem(`${key} is no list of texts`)
  return value
}

function required(metadata: GgufMetadata, key: string): NonNullable<ReturnType<GgufMetadata['get']>> {
  const value = metadata.get(key)
  if (value === undefined) throw fileProblem(`the metadata key ${quoted(key)} is missing`, { key })
  return value
}

function positive(metadata: GgufMetadata, key: string): number {
  const value = required(metadata, key)
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value
  throw fileProblem(`the metadata key ${quoted(key)} is no positive whole number`, { key })
}

/** A positive number for all layers, or a list with one for each (then undefined is returned). */
function perLayer(metadata: GgufMetadata, key: string, blocks: number): number | undefined {
  const value = required(metadata, key)
  if (!isList(value)) return positive(metadata, key)
  if (value.length !== blocks || value.numbers?.some((number) => !(number >= 1)) !== false) {
    throw fileProblem(`the metadata key ${quoted(key)} is no list of ${blocks} positive numbers`, { key })
  }
  return undefined
}

function isList(value: unknown): value is GgufList {
  return typeof value === 'object' && value !== null && 'element' in value
}
