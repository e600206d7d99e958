import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { DocumentResult__Output } from '../../grpc/generated/backend/DocumentResult.ts'
import type { RerankRequest } from '../../grpc/generated/backend/RerankRequest.ts'
import type { RerankResult__Output } from '../../grpc/generated/backend/RerankResult.ts'
import type { Target } from '../choose-target.ts'
import { failed } from '../http/upstream-http.ts'
import { natural } from '../replies/usage.ts'
import { addresseeOf } from './addressee.ts'
import { WORK_LIMITS } from './limits.ts'

/** Documents by how well they fit, in Jina's and Cohere's shape, which servers have in common. */
export async function rerank(
  target: Target,
  { query = '', documents = [], top_n = 0 }: RerankRequest,
  options: AbortOptions,
): Promise<RerankResult__Output> {
  const { upstream, model } = addresseeOf(target)
  const body = { model, query, documents, ...(top_n > 0 ? { top_n } : {}) }
  const answer = await target.upstream.http.json(
    { method: 'POST', path: { api: '/rerank' }, body },
    { ...WORK_LIMITS, ...options },
  )
  const results: unknown = isObject(answer) ? answer['results'] : undefined
  if (!Array.isArray(results)) throw failed(upstream, 'answered without a ranking')
  const usage = isObject(answer) && isObject(answer['usage']) ? answer['usage'] : {}
  const total = natural(usage['total_tokens']) ?? 0
  return {
    usage: { total_tokens: total, prompt_tokens: natural(usage['prompt_tokens']) ?? total },
    results: results.slice(0, documents.length).flatMap((result) => toResult(result, documents)),
  }
}

function toResult(result: unknown, documents: readonly string[]): DocumentResult__Output[] {
  if (!isObject(result)) return []
  const index = natural(result['index'])
  const score = result['relevance_score'] ?? result['score']
  const text = index === undefined ? undefined : documents[index]
  if (index === undefined || text === undefined || typeof score !== 'number') return []
  return [{ index, text, relevance_score: score }]
}
