import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { BackendHandlers } from '../../grpc/generated/backend/Backend.ts'
import type { ModelMetadataResponse } from '../../grpc/generated/backend/ModelMetadataResponse.ts'
import type { RerankRequest__Output } from '../../grpc/generated/backend/RerankRequest.ts'
import type { RerankResult } from '../../grpc/generated/backend/RerankResult.ts'
import type { Result } from '../../grpc/generated/backend/Result.ts'
import type { StatusResponse } from '../../grpc/generated/backend/StatusResponse.ts'
import type { GenerationTrailers } from '../../grpc/trailers.ts'
import { serverStream, unary, unaryWithTrailers } from '../harness/adapt-call.ts'
import type { BackendProgram } from '../harness/serve.ts'
import { type AnswerPart, joinParts, toReply } from './answer-part.ts'
import type { ChatFormat } from './chat-format/chat-format.ts'
import type { Engine } from './engine.ts'
import { type LoadRequest, toLoadRequest } from './load-request.ts'
import { createModelSlot, type ModelSlot } from './model-slot.ts'
import { predict } from './predict.ts'
import { textToTokenize } from './text-to-tokenize.ts'

const MOST_DOCUMENTS = 10_000

export interface LlamaServiceDeps {
  readonly loadEngine: (request: LoadRequest, options: Required<AbortOptions>) => Promise<Engine>
}

/** The RPCs of the llama-cpp backend, for one model at a time. */
export function createLlamaService({ loadEngine }: LlamaServiceDeps): BackendProgram {
  const slot = createModelSlot()
  const formats = createChatFormats()
  /** Engines that were loaded with `embeddings: true`. llama-server must know beforehand, so nobody gets it unasked. */
  const embedders = new WeakSet<Engine>()
  const handlers: Partial<BackendHandlers> = {
    LoadModel: unary(async (request, { signal }) => {
      return await toResult(async () => {
        const load = toLoadRequest(request)
        await slot.replace(
          async (options) => {
            const engine = await loadEngine(load, options)
            if (load.options.embeddings) embedders.add(engine)
            return engine
          },
          { signal },
        )
      }, signal)
    }),
    Free: unary(async (_request, { signal }) => await toResult(async () => await slot.unload({ signal }), signal)),
    PredictStream: serverStream(async function* (request, options) {
      using model = slot.hold()
      const parts = predict({ engine: model.engine, chatFormat: () => formats.of(model.engine) }, request, options)
      return yield* mapParts(parts, toReply)
    }),
    Predict: unaryWithTrailers(async (request, options) => {
      using model = slot.hold()
      const parts = predict({ engine: model.engine, chatFormat: () => formats.of(model.engine) }, request, options)
      const { collected, trailers } = await collect(parts)
      return { value: toReply(joinParts(collected)), trailers }
    }),
    Embedding: unary(async (request, options) => {
      using model = slot.hold()
      const input = request.EmbeddingTokens.length > 0 ? request.EmbeddingTokens : request.Embeddings
      if (input === '') throw new AppError('request.invalid', 'there is nothing to embed')
      if (!embedders.has(model.engine)) {
        throw new AppError(
          'request.unsupported',
          'the model is not loaded for embeddings: say "embeddings: true" in its YAML',
        )
      }
      const { vector, tokens } = await model.engine.embed(input, options)
      return {
        embeddings: [...vector],
        tokens,
        prompt_tokens: tokens,
        dim: vector.length,
        layout: 'EMBEDDING_LAYOUT_FINAL',
      }
    }),
    TokenizeString: unary(async (request, options) => {
      using model = slot.hold()
      const { engine } = model
      const text = await textToTokenize({ engine, chatFormat: () => formats.of(engine) }, request)
      const tokens = await engine.tokenize(text, options)
      return { length: tokens.length, tokens: [...tokens] }
    }),
    Detokenize: unary(async (request, options) => {
      using model = slot.hold()
      return { content: await model.engine.detokenize(request.tokens, options) }
    }),
    Rerank: unary(async (request, options) => {
      using model = slot.hold()
      return await rerank(model.engine, request, options)
    }),
    Status: unary(async () => status(slot)),
    GetMetrics: unary(async () => {
      using model = slot.hold()
      const { lastTokensPerSecond, tokensGenerated, promptTokensProcessed } = model.engine.status()
      return {
        slot_id: 0,
        tokens_per_second: lastTokensPerSecond,
        tokens_generated: tokensGenerated,
        prompt_tokens_processed: promptTokensProcessed,
      }
    }),
    ModelMetadata: unary(async () => {
      using model = slot.hold()
      return describe(await formats.of(model.engine))
    }),
  }
  return { handlers, [Symbol.asyncDispose]: async () => await slot[Symbol.asyncDispose]() }
}

/** LocalAI expects a load that fails to say so in the Result; only a cancelled call ends with a status. */
async function toResult(work: () => Promise<void>, signal: AbortSignal): Promise<Result> {
  try {
    await work()
    return { success: true, message: '' }
  } catch (error) {
    signal.throwIfAborted()
    return { success: false, message: AppError.from(error, 'backend.load-failed').message }
  }
}

async function* mapParts<T>(
  parts: AsyncGenerator<AnswerPart, GenerationTrailers>,
  map: (part: AnswerPart) => T,
): AsyncGenerator<T, GenerationTrailers> {
  try {
    for (;;) {
      const next = await parts.next()
      if (next.done === true) return next.value
      yield map(next.value)
    }
  } finally {
    await parts.return({})
  }
}

/** Bounded by the model's context. */
async function collect(parts: AsyncGenerator<AnswerPart, GenerationTrailers>) {
  const collected: AnswerPart[] = []
  for (;;) {
    const next = await parts.next()
    if (next.done === true) return { collected, trailers: next.value }
    collected.push(next.value)
  }
}

async function rerank(engine: Engine, request: RerankRequest__Output, options: AbortOptions): Promise<RerankResult> {
  const { query, documents, top_n } = request
  if (documents.length > MOST_DOCUMENTS) throw new AppError('request.invalid', `more than ${MOST_DOCUMENTS} documents`)
  const { scores, tokens } = await engine.rerank(query, documents, options)
  const ranked = documents
    .map((text, index) => ({ index, text, relevance_score: scores[index] ?? 0 }))
    .sort((a, b) => b.relevance_score - a.relevance_score)
  return {
    usage: { total_tokens: tokens, prompt_tokens: tokens },
    results: top_n > 0 ? ranked.slice(0, top_n) : ranked,
  }
}

function status(slot: ModelSlot): StatusResponse {
  const now = slot.peek()?.status()
  const total = now?.memoryBytes ?? process.memoryUsage.rss()
  if (slot.phase === 'loading') return { state: 'BUSY', memory: { total } }
  if (now === undefined) return { state: 'UNINITIALIZED', memory: { total } }
  return { state: now.busySequences > 0 ? 'BUSY' : 'READY', memory: { total } }
}

function describe(format: ChatFormat): ModelMetadataResponse {
  const { prompt } = format.render({
    messages: [{ role: 'user', content: 'test' }],
    tools: [],
    toolChoice: 'none',
    enableThinking: true,
  })
  return {
    supports_thinking: format.supportsThinking,
    rendered_template: prompt,
    ...(format.supportsTools ? { tool_format: { format_type: format.toolSyntax } } : {}),
  }
}

/** Compiled once per engine; the template engine is loaded with the first chat request. */
function createChatFormats(): { of(engine: Engine): Promise<ChatFormat> } {
  const formats = new WeakMap<Engine, Promise<ChatFormat>>()
  return {
    async of(engine) {
      const known = formats.get(engine)
      if (known !== undefined) return await known
      const made = makeChatFormat(engine)
      formats.set(engine, made)
      return await made
    },
  }
}

async function makeChatFormat({ info }: Engine): Promise<ChatFormat> {
  const { createChatFormat, CHATML_TEMPLATE } = await import('./chat-format/chat-format.ts')
  return createChatFormat({
    template: info.chatTemplate ?? CHATML_TEMPLATE,
    bosToken: info.bosToken,
    eosToken: info.eosToken,
  })
}
