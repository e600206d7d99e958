import { AppError } from '../../../base/errors.ts'
import type { AbortOptions } from '../../../base/signals.ts'
import type { Engine } from '../engine.ts'
import { member } from './server-api.ts'
import type { Frame } from './server-info.ts'

export interface VectorsDeps {
  readonly call: (path: string, body: unknown, options?: AbortOptions) => Promise<unknown>
  readonly checkTokens: (tokens: readonly number[]) => void
}

export interface VectorsInit {
  readonly embeddings: boolean
  readonly reranking: boolean
  /** The model gives one vector per text, rather than one per token. */
  readonly pools: boolean
  readonly frame: Frame
}

/** Embeddings and relevance scores. llama-server must have been started for them, and it does one or the other. */
export function createVectors({ call, checkTokens }: VectorsDeps, init: VectorsInit): Pick<Engine, 'embed' | 'rerank'> {
  /** What a text says is never a special token. */
  async function tokensOf(text: string, options?: AbortOptions): Promise<readonly number[]> {
    const answer = await call('/tokenize', { content: text, add_special: false, parse_special: false }, options)
    return member(answer, 'tokens', 'object') as readonly number[]
  }
  async function vectorOf(tokens: readonly number[], options?: AbortOptions): Promise<readonly number[]> {
    if (init.pools) {
      const answer = await call('/v1/embeddings', { input: tokens, encoding_format: 'base64' }, options)
      const first: unknown = (member(answer, 'data', 'object') as readonly unknown[])[0]
      return readFloats(member(first, 'embedding', 'string'))
    }
    // A model that was not made for embeddings: its last token has seen the whole text.
    const answer = await call('/embedding', { content: tokens }, options)
    const first: unknown = (answer as readonly unknown[])[0]
    return (member(first, 'embedding', 'object') as readonly (readonly number[])[]).at(-1) ?? []
  }
  return {
    async embed(input, options) {
      if (!init.embeddings || init.reranking) {
        throw new AppError('backend.unsupported', 'this model was not loaded for embeddings')
      }
      if (typeof input !== 'string') checkTokens(input)
      const tokens = withFrame(typeof input === 'string' ? await tokensOf(input, options) : input, init.frame)
      if (tokens.length === 0) throw new AppError('request.invalid', 'there is nothing to embed')
      return { vector: toUnitLength(await vectorOf(tokens, options)), tokens: tokens.length }
    },
    async rerank(query, documents, options) {
      if (!init.reranking) throw new AppError('backend.unsupported', 'this model was not loaded for reranking')
      if (documents.length === 0) return { scores: [], tokens: 0 }
      const answer = await call('/rerank', { query, documents }, options)
      const scores = documents.map(() => 0)
      for (const result of member(answer, 'results', 'object') as readonly unknown[]) {
        scores[member(result, 'index', 'number')] = toShare(member(result, 'relevance_score', 'number'))
      }
      return { scores, tokens: member(member(answer, 'usage', 'object'), 'prompt_tokens', 'number') }
    },
  }
}

function withFrame(tokens: readonly number[], { before, after }: Frame): readonly number[] {
  const hasBefore = before.every((token, index) => tokens[index] === token)
  const hasAfter = after.every((token, index) => tokens[tokens.length - after.length + index] === token)
  return [...(hasBefore ? [] : before), ...tokens, ...(hasAfter ? [] : after)]
}

/** llama-server gives the classifier's bare output; this keeps the order and ends between 0 and 1. */
function toShare(score: number): number {
  return 1 / (1 + Math.exp(-score))
}

function readFloats(base64: string): readonly number[] {
  const bytes = Buffer.from(base64, 'base64')
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4))
}

function toUnitLength(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector)
  return length === 0 ? vector : vector.map((value) => value / length)
}
