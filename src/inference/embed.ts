import type { BackendClient } from '../backends/backend-client.ts'
import { AppError } from '../base/errors.ts'
import { type AbortOptions, anySignal } from '../base/signals.ts'
import { findModel } from './find-model.ts'
import type { GenerationDeps } from './generate.ts'
import type { EmbeddingRequest } from './request.ts'
import { useModel } from './use-model.ts'

export interface Embeddings {
  /** In the order of the inputs. */
  readonly vectors: readonly (readonly number[])[]
  readonly promptTokens: number
}

export type Embed = (request: EmbeddingRequest, options?: AbortOptions) => Promise<Embeddings>

/** Inputs of one request that are with the backend at the same time. */
const CONCURRENCY = 8

interface Embedded {
  readonly vector: readonly number[]
  readonly tokens: number
}

export function createEmbed({ registry, loader }: Pick<GenerationDeps, 'registry' | 'loader'>): Embed {
  return async function embed({ model, inputs }, options = {}) {
    const results = await useModel(loader, findModel(registry, model), {
      ...options,
      use: async ({ client }) => await embedAll(client, inputs, options),
    })
    return {
      vectors: results.map(({ vector }) => vector),
      promptTokens: results.reduce((sum, { tokens }) => sum + tokens, 0),
    }
  }
}

async function embedAll(
  client: Pick<BackendClient, 'embedding'>,
  inputs: EmbeddingRequest['inputs'],
  options: AbortOptions,
): Promise<readonly Embedded[]> {
  const failed = new AbortController()
  const signal = anySignal(failed.signal, options.signal)
  const results: Embedded[] = []
  const waiting = inputs.entries()

  async function work(): Promise<void> {
    for (const [index, input] of waiting) results[index] = await embedOne(client, input, { signal })
  }

  const workers = Array.from({ length: Math.min(CONCURRENCY, inputs.length) }, work)
  try {
    await Promise.all(workers)
    return results
  } catch (error) {
    // The lease must outlive every call made under it.
    failed.abort(error)
    await Promise.allSettled(workers)
    throw error
  }
}

async function embedOne(
  client: Pick<BackendClient, 'embedding'>,
  input: string | readonly number[],
  options: AbortOptions,
): Promise<Embedded> {
  const request = typeof input === 'string' ? { Embeddings: input } : { EmbeddingTokens: [...input] }
  const result = await client.embedding(request, options)
  if (result.layout === 'EMBEDDING_LAYOUT_PER_TOKEN') {
    throw new AppError('backend.unsupported', 'this model gives a vector per token, not one per text')
  }
  if (result.embeddings.length === 0) throw new AppError('backend.failed', 'the backend answered without a vector')
  return { vector: result.embeddings, tokens: result.prompt_tokens || result.tokens }
}
