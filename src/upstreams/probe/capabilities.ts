import { isObject } from '../../base/json.ts'
import type { UpstreamKind } from '../dialects.ts'
import { DIALECTS } from '../dialects.ts'

/** What a server was seen to do with a model, when it was tried with the smallest request there is. */
export interface Tried {
  readonly chat: boolean
  readonly completion: boolean
  readonly embeddings: boolean
  readonly rerank: boolean
}

/** Use cases in the order in which lists show them. Pure. */
export function useCasesOf({ chat, completion, embeddings, rerank }: Tried, kind: UpstreamKind): readonly string[] {
  const tokenize = DIALECTS[kind].tokens !== undefined
  return [
    ...(chat ? ['chat'] : []),
    ...(completion ? ['completion', 'edit'] : []),
    ...(embeddings ? ['embeddings'] : []),
    ...(rerank ? ['rerank'] : []),
    ...(tokenize ? ['tokenize'] : []),
  ]
}

const RERANKS = /rerank/i
const EMBEDS = /embed|(^|[/_-])(bge|gte|e5|minilm|mpnet|nomic-bert|jina-v\d)([._-]|$)/i

/** By its name: for servers that say nothing, and where trying would load or cost something. Pure. */
export function guessedFrom(model: string): Tried {
  if (RERANKS.test(model)) return { chat: false, completion: false, embeddings: false, rerank: true }
  if (EMBEDS.test(model)) return { chat: false, completion: false, embeddings: true, rerank: false }
  return { chat: true, completion: true, embeddings: false, rerank: false }
}

/** From the `capabilities` of Ollama's `/api/show`; undefined when it says nothing. Pure. */
export function toldByOllama(shown: unknown): Tried | undefined {
  const words: unknown = isObject(shown) ? shown['capabilities'] : undefined
  if (!Array.isArray(words)) return undefined
  const writes = words.includes('completion')
  return { chat: writes, completion: writes, embeddings: words.includes('embedding'), rerank: false }
}

/** From the `type` of an entry of LM Studio's list; undefined when it says nothing. Pure. */
export function toldByLmStudio(entry: unknown): Tried | undefined {
  const type = isObject(entry) ? entry['type'] : undefined
  if (typeof type !== 'string') return undefined
  const embeds = type === 'embeddings'
  return { chat: !embeds, completion: !embeds, embeddings: embeds, rerank: false }
}
