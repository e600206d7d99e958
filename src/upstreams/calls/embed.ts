import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { EmbeddingResult__Output } from '../../grpc/generated/backend/EmbeddingResult.ts'
import type { PredictOptions } from '../../grpc/generated/backend/PredictOptions.ts'
import type { Target } from '../choose-target.ts'
import { failed } from '../http/upstream-http.ts'
import { natural } from '../replies/usage.ts'
import { addresseeOf } from './addressee.ts'
import { WORK_LIMITS } from './limits.ts'

const MOST_DIMENSIONS = 65_536

/** The vector of one text, or of one list of tokens. */
export async function embed(
  target: Target,
  { Embeddings = '', EmbeddingTokens = [] }: PredictOptions,
  options: AbortOptions,
): Promise<EmbeddingResult__Output> {
  const { upstream, model } = addresseeOf(target)
  const input = EmbeddingTokens.length > 0 ? EmbeddingTokens : Embeddings
  const answer = await target.upstream.http.json(
    { method: 'POST', path: { api: '/embeddings' }, body: { model, input, encoding_format: 'float' } },
    { ...WORK_LIMITS, ...options },
  )
  const vector = vectorIn(answer)
  if (vector === undefined) throw failed(upstream, 'answered without a vector')
  const usage = isObject(answer) && isObject(answer['usage']) ? answer['usage'] : {}
  const tokens = natural(usage['prompt_tokens']) ?? natural(usage['total_tokens']) ?? 0
  return {
    embeddings: vector,
    tokens,
    prompt_tokens: tokens,
    dim: vector.length,
    layout: 'EMBEDDING_LAYOUT_FINAL',
  }
}

function vectorIn(answer: unknown): number[] | undefined {
  const entries: unknown = isObject(answer) ? answer['data'] : undefined
  const first: unknown = Array.isArray(entries) ? entries[0] : undefined
  const vector: unknown = isObject(first) ? first['embedding'] : undefined
  if (!Array.isArray(vector) || vector.length === 0 || vector.length > MOST_DIMENSIONS) return undefined
  return vector.every((value) => typeof value === 'number') ? (vector as number[]) : undefined
}
