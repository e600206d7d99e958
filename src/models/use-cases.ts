import type { GgufSummary } from './gguf/summarize-gguf.ts'

/** Models that read a text as a whole: they embed or score it, and cannot write. */
const ENCODERS = new Set(
  `bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert t5encoder gemma-embedding
   llama-embed`.split(/\s+/),
)

/** Backends that do something else than text. */
const NOT_TEXT = new Set(
  `whisper piper kokoro bark coqui silero-vad diffusers stablediffusion-ggml rfdetr local-store ace-step
   acestep-cpp`.split(/\s+/),
)

/** What is known of a model before it is loaded. */
export interface ModelFacts {
  readonly backend?: string
  /** Absent when the model file is not there yet, or no GGUF. */
  readonly gguf?: GgufSummary
  readonly embeddings: boolean
  readonly reranking: boolean
}

/** Whether a model was made for embeddings, as opposed to being asked for them. */
export function isEmbeddingModel({ architecture, pooling }: GgufSummary): boolean {
  if (pooling === 'rank') return false
  return ENCODERS.has(architecture) || (pooling !== undefined && pooling !== 'none')
}

/** `known_usecases` as declared: lower case, without LocalAI's `FLAG_`, and with `llm` spelled out. */
export function declaredUseCases(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => {
    const useCase = word.toLowerCase().replace(/^flag_/, '')
    return useCase === 'llm' ? ['chat', 'completion', 'edit'] : [useCase]
  })
}

/** What a model can do, guessed. Declared use cases add to these and never take away. */
export function guessedUseCases({ backend, gguf, embeddings, reranking }: ModelFacts): readonly string[] {
  if (backend !== undefined && NOT_TEXT.has(backend)) return []
  if (reranking || backend === 'rerankers') return ['rerank', 'tokenize']
  if (gguf !== undefined && isEmbeddingModel(gguf)) return ['embeddings', 'tokenize']
  return [...(embeddings ? ['embeddings'] : []), 'chat', 'completion', 'tokenize']
}
