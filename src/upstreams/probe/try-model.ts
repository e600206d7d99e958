import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { UpstreamHttp, UpstreamRequest } from '../http/upstream-http.ts'
import type { Tried } from './capabilities.ts'

const LIMITS = { maxBytes: 4 * 1024 * 1024, timeoutMs: 30_000 } as const

/**
 * Asks a model for the least of everything: one token, one vector, one ranking. Only for servers whose models are in memory
 * anyway. Throws `upstream.unreachable` and `model.busy` when the server cannot be asked now.
 */
export async function tryModel(
  http: Pick<UpstreamHttp, 'json'>,
  model: string,
  options: AbortOptions = {},
): Promise<Tried> {
  const does = async (
    path: string,
    body: Record<string, unknown>,
    holds: (answer: Record<string, unknown>) => boolean,
  ): Promise<boolean> => {
    const request: UpstreamRequest = { method: 'POST', path: { api: path }, body: { model, ...body } }
    try {
      const answer = await http.json(request, { ...LIMITS, ...options })
      return isObject(answer) && holds(answer)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (isPassing(error)) throw error
      return false
    }
  }
  const messages = [{ role: 'user', content: 'Hi' }]
  const embeddings = await does('/embeddings', { input: 'Hi' }, ({ data }) => Array.isArray(data) && data.length > 0)
  const rerank = await does('/rerank', { query: 'a', documents: ['a'] }, ({ results }) => Array.isArray(results))
  const chat = await does('/chat/completions', { messages, max_tokens: 1 }, hasChoices)
  const completion = await does('/completions', { prompt: 'Hi', max_tokens: 1 }, hasChoices)
  return { chat, completion, embeddings, rerank }
}

function hasChoices({ choices }: Record<string, unknown>): boolean {
  return Array.isArray(choices) && choices.length > 0
}

/** A server that refuses such a request answers 500 or 501 to it as well; one that is not there answers nothing. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof AppError)) return true
  if (error.code === 'model.busy') return true
  return error.code === 'upstream.unreachable' && error.details['upstreamStatus'] === undefined
}
