import type { LlamaEmbeddingContext, LlamaModel, LlamaRankingContext, Token } from 'node-llama-cpp'
import { AppError } from '../../../base/errors.ts'
import { raceSignal } from '../../../base/signals.ts'
import type { Engine } from '../engine.ts'

export interface VectorContextsInit {
  readonly contextSize: number
  readonly threads: number
}

/** Embeddings and relevance scores of one model. Each context is made on the first call that needs it. */
export interface VectorContexts extends Pick<Engine, 'embed' | 'rerank'>, AsyncDisposable {}

export function createVectorContexts(model: LlamaModel, init: VectorContextsInit): VectorContexts {
  // A text must fit in one pass: encoders attend to all of it at once.
  const options = { contextSize: init.contextSize, batchSize: init.contextSize, threads: init.threads }
  const embedding = lazily(async () => await model.createEmbeddingContext(options))
  const ranking = lazily(async () => {
    if (!model.fileInsights.supportsRanking) {
      throw new AppError('backend.unsupported', 'this model is not a reranker')
    }
    return await model.createRankingContext(options)
  })
  const fits = (tokens: number): void => {
    if (tokens < init.contextSize) return
    throw new AppError('request.context-exceeded', `the text has ${tokens} tokens, the context ${init.contextSize}`, {
      details: { promptTokens: tokens, contextSize: init.contextSize },
    })
  }
  return {
    async embed(input, { signal } = {}) {
      const context: LlamaEmbeddingContext = await raceSignal(embedding.get(), signal)
      const tokens = typeof input === 'string' ? model.tokenize(input) : ([...input] as Token[])
      const length = context.calculateInputLength(tokens)
      if (length === 0) throw new AppError('request.invalid', 'there is nothing to embed')
      fits(length)
      const { vector } = await raceSignal(context.getEmbeddingFor(tokens), signal)
      return { vector: toUnitLength(vector), tokens: length }
    },
    async rerank(query, documents, { signal } = {}) {
      const context: LlamaRankingContext = await raceSignal(ranking.get(), signal)
      const lengths = documents.map((document) => context.calculateInputLength(query, document))
      for (const length of lengths) fits(length)
      const scores: number[] = []
      for (const document of documents) scores.push(await raceSignal(context.rank(query, document), signal))
      return { scores, tokens: lengths.reduce((sum, length) => sum + length, 0) }
    },
    async [Symbol.asyncDispose]() {
      await embedding.dispose()
      await ranking.dispose()
    },
  }
}

interface Lazy<T> {
  get(): Promise<T>
  dispose(): Promise<void>
}

/** A failed attempt is not remembered: the next caller tries again. */
function lazily<T extends { dispose(): Promise<void> }>(make: () => Promise<T>): Lazy<T> {
  let made: Promise<T> | undefined
  return {
    async get() {
      made ??= make().catch((error: unknown) => {
        made = undefined
        throw error
      })
      return await made
    },
    async dispose() {
      const last = await made?.catch(() => undefined)
      made = undefined
      await last?.dispose()
    },
  }
}

function toUnitLength(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector)
  return length === 0 ? vector : vector.map((value) => value / length)
}
