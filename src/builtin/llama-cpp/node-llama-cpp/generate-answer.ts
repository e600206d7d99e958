import type { LlamaContextSequence } from 'node-llama-cpp'
import type { GeneratedPiece, GenerateRequest, GenerationEnd } from '../engine.ts'
import { restOfGrammar } from '../text/rest-of-grammar.ts'
import { createAnswer, replayAnswer } from './answer.ts'
import { type GenerationDeps, generateOnSequence } from './generation.ts'
import type { SequencePool } from './sequence-pool.ts'

export interface GenerateAnswerDeps extends GenerationDeps {
  readonly pool: Pick<SequencePool<LlamaContextSequence>, 'acquire' | 'release'>
}

export interface AnswerJob {
  readonly request: GenerateRequest
  readonly prompt: readonly number[]
  readonly signal: AbortSignal
}

/** Replays what was sampled before, waits for a sequence and goes on with it; what has ended already needs none. */
export async function* generateAnswer(
  deps: GenerateAnswerDeps,
  { request: asked, prompt, signal }: AnswerJob,
): AsyncGenerator<GeneratedPiece, GenerationEnd> {
  const { vocabulary, pool } = deps
  const room = deps.contextSize - prompt.length
  const limit = asked.maxTokens > 0 ? Math.min(asked.maxTokens, room) : room
  const answer = createAnswer(vocabulary, { request: asked, prompt, limit })
  const { resume = [] } = asked
  const resumed = resume.map((token) => token.id)
  vocabulary.check(resumed)
  const { pieces: replayed, outcome } = replayAnswer(answer, resume)
  if (outcome !== undefined) {
    yield* replayed
    const nothing = { cachedTokens: 0, promptMs: 0, generationMs: 0 }
    return { ...outcome, ...nothing, promptTokens: prompt.length, completionTokens: answer.tokens() }
  }
  const request = resumed.length === 0 ? asked : withRestOfGrammar(asked, vocabulary.textOf(resumed, prompt.slice(-1)))
  const slot = await pool.acquire([...prompt, ...resumed], { signal })
  try {
    return yield* generateOnSequence(deps, { request, prompt, answer, replayed, slot, signal })
  } finally {
    pool.release(slot)
  }
}

function withRestOfGrammar(request: GenerateRequest, text: string): GenerateRequest {
  return request.grammar === undefined ? request : { ...request, grammar: restOfGrammar(request.grammar, text) }
}
