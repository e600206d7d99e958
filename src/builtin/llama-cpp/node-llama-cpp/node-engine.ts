import { type Llama, type LlamaContext, LlamaGrammarEvaluationState, type LlamaModel } from 'node-llama-cpp'
import { AppError } from '../../../base/errors.ts'
import { anySignal } from '../../../base/signals.ts'
import type { Engine, EngineModelInfo, GenerateRequest, GenerationEnd } from '../engine.ts'
import type { GatherRule } from './batching.ts'
import { createCacheBarrier } from './cache-barrier.ts'
import { generateAnswer } from './generate-answer.ts'
import type { GenerationDeps } from './generation.ts'
import { readAhead } from './read-ahead.ts'
import { createSequencePool } from './sequence-pool.ts'
import { createVectorContexts } from './vector-contexts.ts'
import { createVocabulary } from './vocabulary.ts'

/** Pieces a generation may run ahead of its reader. */
const READ_AHEAD = 8
const MOST_WAITING_REQUESTS = 1024

export interface NodeEngineDeps {
  readonly llama: Llama
  readonly model: LlamaModel
  /** Absent for a model that cannot generate (an encoder). */
  readonly context?: LlamaContext
  readonly rule: GatherRule
  readonly info: EngineModelInfo
  readonly threads: number
  readonly dispose: () => Promise<void>
}

export function createNodeEngine(deps: NodeEngineDeps): Engine {
  const { llama, model, context, info } = deps
  const vocabulary = createVocabulary(model)
  const sequences = Array.from({ length: context?.totalSequences ?? 0 }, () => context?.getSequence()).filter(
    (sequence) => sequence !== undefined,
  )
  const pool = createSequencePool(sequences, { maxWaiting: MOST_WAITING_REQUESTS })
  const vectors = createVectorContexts(model, { contextSize: info.contextSize, threads: deps.threads })
  const closing = new AbortController()
  const counters = { generated: 0, prompt: 0 }
  let tokensPerSecond = 0
  const generation: GenerationDeps = {
    model,
    vocabulary,
    contextSize: info.contextSize,
    batchSize: context?.batchSize ?? 0,
    rule: deps.rule,
    barrier: createCacheBarrier(),
    createGrammar: async (gbnf) => await createGrammarState({ llama, model }, gbnf),
    counters,
  }

  const ensureOpen = (): void => closing.signal.throwIfAborted()
  function readPrompt(text: string): readonly number[] {
    if (context === undefined) throw new AppError('backend.unsupported', 'this model does not generate text')
    const prompt = vocabulary.tokenizePrompt(text)
    if (prompt.length === 0) throw new AppError('request.invalid', 'the prompt is empty')
    if (prompt.length < info.contextSize) return prompt
    throw new AppError(
      'request.context-exceeded',
      `the prompt has ${prompt.length} tokens, the context ${info.contextSize}`,
      { details: { promptTokens: prompt.length, contextSize: info.contextSize } },
    )
  }
  function noteSpeed(end: GenerationEnd, resumed: number): void {
    if (end.generationMs > 0) tokensPerSecond = ((end.completionTokens - resumed - 1) * 1000) / end.generationMs
  }
  async function* answer(request: GenerateRequest, signal: AbortSignal) {
    const end = yield* generateAnswer({ ...generation, pool }, { request, prompt: readPrompt(request.prompt), signal })
    noteSpeed(end, request.resume?.length ?? 0)
    return end
  }
  return {
    name: 'node-llama-cpp',
    info,
    async *generate(request, options = {}) {
      ensureOpen()
      const left = new AbortController()
      const signal = anySignal(AbortSignal.any([left.signal, closing.signal]), options.signal)
      try {
        return yield* readAhead(answer(request, signal), { limit: READ_AHEAD, abandon: () => left.abort() })
      } catch (error) {
        options.signal?.throwIfAborted()
        ensureOpen()
        throw AppError.from(error, 'backend.failed')
      }
    },
    async tokenize(text) {
      ensureOpen()
      return vocabulary.tokenize(text)
    },
    async detokenize(tokens) {
      ensureOpen()
      return vocabulary.detokenize(tokens)
    },
    async embed(input, options) {
      ensureOpen()
      if (typeof input !== 'string') vocabulary.check(input)
      return await vectors.embed(input, options)
    },
    async rerank(query, documents, options) {
      ensureOpen()
      return await vectors.rerank(query, documents, options)
    },
    status: () => ({
      busySequences: pool.busy,
      waitingRequests: pool.waiting,
      memoryBytes: process.memoryUsage.rss(),
      lastTokensPerSecond: tokensPerSecond,
      tokensGenerated: counters.generated,
      promptTokensProcessed: counters.prompt,
    }),
    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('node.stopping', 'the engine is closing'))
      await vectors[Symbol.asyncDispose]()
      await deps.dispose()
    },
  }
}

async function createGrammarState(
  { llama, model }: { readonly llama: Llama; readonly model: LlamaModel },
  gbnf: string,
): Promise<LlamaGrammarEvaluationState> {
  try {
    return new LlamaGrammarEvaluationState({ model, grammar: await llama.createGrammar({ grammar: gbnf }) })
  } catch (error) {
    throw new AppError('request.invalid', 'the grammar does not parse as GBNF', { cause: error })
  }
}
