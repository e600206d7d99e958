import type { AbortOptions } from '../../src/base/signals.ts'
import type { PredictOptions } from '../../src/grpc/generated/backend/PredictOptions.ts'
import type { Reply__Output } from '../../src/grpc/generated/backend/Reply.ts'
import type { GenerationTrailers } from '../../src/grpc/trailers.ts'
import type { ModelConfig } from '../../src/models/model-config.ts'

export type Script = (
  request: PredictOptions,
  options: AbortOptions,
) => AsyncGenerator<Reply__Output, GenerationTrailers>

export function reply(parts: Partial<Reply__Output>): Reply__Output {
  const none = Buffer.alloc(0)
  return {
    message: none,
    tokens: 0,
    prompt_tokens: 0,
    timing_prompt_processing: 0,
    timing_token_generation: 0,
    audio: none,
    logprobs: none,
    chat_deltas: [],
    generated: [],
    ...parts,
  }
}

/** A backend that answers with these words, one token each. */
export function words(...list: readonly string[]): Script {
  return async function* script() {
    for (const [index, word] of list.entries()) {
      yield reply({ message: Buffer.from(word), tokens: index + 1, prompt_tokens: 7, timing_prompt_processing: 3 })
    }
    return { finishReason: 'stop', cachedTokens: 2 }
  }
}

export function modelConfig(name: string, more: Partial<ModelConfig> = {}): ModelConfig {
  return {
    name,
    parameters: { model: `${name}.gguf` },
    modelFile: `/models/${name}.gguf`,
    embeddings: false,
    reranking: false,
    mmap: true,
    mlock: false,
    f16: false,
    flashAttention: 'auto',
    loraAdapters: [],
    stopWords: [],
    options: [],
    knownUseCases: [],
    readyTimeoutMs: 1000,
    downloadFiles: [],
    ...more,
  }
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}
