import type { AbortOptions } from '../../base/signals.ts'
import { type ModelDeps, useModelFor } from './use-model-for.ts'

export interface RerankRequest {
  readonly model: string
  readonly query: string
  readonly documents: readonly string[]
  /** How many of the best to give, at least 1. */
  readonly topN: number
}

export interface Ranking {
  /** Best first. `index` is the document's place in the request. */
  readonly results: readonly { readonly index: number; readonly score: number }[]
  readonly promptTokens: number
  readonly totalTokens: number
}

export type Rerank = (request: RerankRequest, options?: AbortOptions) => Promise<Ranking>

export function createRerank(deps: ModelDeps): Rerank {
  return async function rerank({ model, query, documents, topN }, options = {}) {
    const top_n = Math.min(topN, documents.length)
    const { usage, results } = await useModelFor(
      deps,
      { model, useCase: 'rerank' },
      {
        ...options,
        use: async ({ client }) => await client.rerank({ query, documents: [...documents], top_n }, options),
      },
    )
    const ranked = results
      .filter(({ index }) => index >= 0 && index < documents.length)
      .map(({ index, relevance_score }) => ({ index, score: relevance_score }))
      .toSorted((left, right) => right.score - left.score)
    return {
      results: ranked.slice(0, top_n),
      promptTokens: usage?.prompt_tokens ?? 0,
      totalTokens: usage?.total_tokens ?? 0,
    }
  }
}
