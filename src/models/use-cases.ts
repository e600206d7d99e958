import type { GgufSummary } from './gguf/summarize-gguf.ts'
import type { PromptConfig } from './prompt-config.ts'

/** What a request may want of a model (LocalAI's `known_usecases`). */
export type UseCase =
  | 'chat'
  | 'completion'
  | 'edit'
  | 'embeddings'
  | 'tokenize'
  | 'rerank'
  | 'image'
  | 'video'
  | 'tts'
  | 'sound_generation'
  | 'transcript'
  | 'vad'
  | 'detection'

/** Models that read a text as a whole: they embed or score it, and cannot write. */
const ENCODERS = new Set(
  `bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert t5encoder gemma-embedding
   llama-embed`.split(/\s+/),
)

type MediaUseCase = Exclude<UseCase, 'chat' | 'completion' | 'edit' | 'embeddings' | 'tokenize'>

/** LocalAI's backends for what is no text, those to be recommended first (its model compatibility table). */
const BACKENDS_FOR: Readonly<Record<MediaUseCase, readonly string[]>> = {
  rerank: ['rerankers'],
  image: ['stablediffusion-ggml', 'diffusers'],
  video: ['diffusers', 'vllm-omni'],
  tts: `piper kokoro kitten-tts coqui chatterbox bark neutts vibevoice pocket-tts outetts voxcpm mlx-audio
    faster-qwen3-tts transformers-musicgen`.split(/\s+/),
  sound_generation: ['transformers-musicgen', 'ace-step', 'acestep-cpp'],
  transcript: ['whisper', 'faster-whisper', 'whisperx', 'qwen-asr', 'nemo'],
  vad: ['silero-vad'],
  detection: ['rfdetr'],
}

/** Backends that do something else than text. vllm-omni does both. */
const NOT_TEXT = new Set([...Object.values(BACKENDS_FOR).flat(), 'local-store'])
NOT_TEXT.delete('vllm-omni')

/** What is known of a model before it is loaded. */
export interface ModelFacts {
  readonly backend?: string
  /** Absent when the model file is not there yet, or no GGUF. */
  readonly gguf?: GgufSummary
  readonly embeddings: boolean
  readonly reranking: boolean
  /** The use cases of text that it has templates for; absent: its own file says how to do all of them. */
  readonly promptsFor?: readonly string[]
}

/** The backends of LocalAI's galleries that can do it, the usual one first; none for what llama-cpp does. */
export function backendsFor(useCase: UseCase): readonly string[] {
  return isMedia(useCase) ? BACKENDS_FOR[useCase] : []
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

/** What a model's templates are for. */
export function textUseCases({ style, templates }: PromptConfig): readonly string[] {
  const chat = style === 'tokenizer' || templates.chat !== undefined || templates.chat_message !== undefined
  const { completion, edit } = templates
  return [
    ...(chat ? ['chat'] : []),
    ...(completion === undefined ? [] : ['completion']),
    ...(edit === undefined ? [] : ['edit']),
  ]
}

/** What a model can do, guessed. Declared use cases add to these and never take away. */
export function guessedUseCases(facts: ModelFacts): readonly string[] {
  const { backend, gguf, embeddings, reranking, promptsFor = ['chat', 'completion', 'edit'] } = facts
  if (backend !== undefined && NOT_TEXT.has(backend)) return [...mediaUseCases(backend), ...tokenizing(backend)]
  if (reranking) return ['rerank', 'tokenize']
  if (gguf !== undefined && isEmbeddingModel(gguf)) return ['embeddings', 'tokenize']
  const media = backend === undefined ? [] : mediaUseCases(backend)
  return [...(embeddings ? ['embeddings'] : []), ...promptsFor, 'tokenize', ...media]
}

function mediaUseCases(backend: string): readonly string[] {
  return Object.entries(BACKENDS_FOR).flatMap(([useCase, backends]) => (backends.includes(backend) ? [useCase] : []))
}

function tokenizing(backend: string): readonly string[] {
  return backend === 'rerankers' ? ['tokenize'] : []
}

function isMedia(useCase: UseCase): useCase is MediaUseCase {
  return useCase in BACKENDS_FOR
}
