import type { FastifyRequest } from 'fastify'
import { isObject } from '../../base/json.ts'
import { findModel } from '../../inference/find-model.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import { invalid } from './refusals.ts'

type Fields = Pick<FastifyRequest, 'body' | 'query'>

/** The model that the body names, or else the query. No model stands in for one that is not named. */
export function modelOf({ body, query }: Fields): string {
  const model = [member(body, 'model'), member(query, 'model')].find((name) => typeof name === 'string' && name !== '')
  if (typeof model === 'string') return model
  throw invalid('model', 'model is required')
}

/** The complaints of LocalAI's error table, in its order and words, before the schema finds its own. */
export function requireModel(request: Fields, registry: Pick<ModelRegistry, 'find'>): void {
  findModel(registry, modelOf(request))
}

export function requireMaxTokens({ body }: Pick<Fields, 'body'>): void {
  const maxTokens = member(body, 'max_tokens') ?? 0
  if (typeof maxTokens !== 'number' || maxTokens > 0) return
  throw invalid('max_tokens', 'max_tokens is required and must be greater than 0')
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}
