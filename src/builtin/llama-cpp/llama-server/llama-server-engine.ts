import { AppError } from '../../../base/errors.ts'
import { type AbortOptions, anySignal, raceSignal } from '../../../base/signals.ts'
import type { Engine, GenerationEnd } from '../engine.ts'
import { createComplete } from './complete.ts'
import { createGather } from './gather-wakes.ts'
import { member, type ServerApi } from './server-api.ts'
import type { ServerFacts } from './server-info.ts'
import type { ServerProcess } from './server-process.ts'
import { createVectors } from './vectors.ts'

export interface LlamaServerEngineDeps {
  readonly api: ServerApi
  readonly server: ServerProcess
  readonly facts: ServerFacts
}

export interface LlamaServerEngineInit {
  readonly parallel: number
  readonly embeddings: boolean
  readonly reranking: boolean
  readonly dispose: () => Promise<void>
}

/** With fewer streams there is little to gather, and a millisecond counts for more. */
const GATHERED_STREAMS = 3
const GATHER_MS = 1

/** A connection breaks a moment before the process that held it is known to be gone. */
const EXIT_NOTICE_MS = 1000

/**
 * The engine over a running llama-server, which queues and batches by itself.
 *
 * NOTE: llama-server generates at its own pace, however slowly the answer is read: what a reader leaves unread waits in
 * the server, at most a context's worth of tokens. Reading stops with the reader, so it does not pile up here.
 */
export function createLlamaServerEngine(deps: LlamaServerEngineDeps, init: LlamaServerEngineInit): Engine {
  const { api, server, facts } = deps
  const { info } = facts
  const closing = new AbortController()
  const counters = { running: 0, generated: 0, prompt: 0, tokensPerSecond: 0 }
  const active = (): number => Math.min(counters.running, init.parallel)
  const gather = createGather({ active, from: GATHERED_STREAMS, delayMs: GATHER_MS })

  function checkAlive(): void {
    closing.signal.throwIfAborted()
    if (server.hasExited) throw server.died()
  }
  /** What really went wrong when a call fails. */
  async function failure(error: unknown, options: AbortOptions): Promise<AppError> {
    options.signal?.throwIfAborted()
    closing.signal.throwIfAborted()
    if (error instanceof AppError) return error
    await Promise.race([server.exited, pause(EXIT_NOTICE_MS)])
    return server.hasExited ? server.died() : AppError.from(error, 'backend.failed')
  }
  async function call(path: string, body: unknown, options: AbortOptions = {}): Promise<unknown> {
    checkAlive()
    try {
      return await raceSignal(
        api.post(path, body, { signal: anySignal(closing.signal, options.signal) }),
        options.signal,
      )
    } catch (error) {
      throw await failure(error, options)
    }
  }
  function count(end: GenerationEnd, resumed: number): void {
    const generated = end.completionTokens - resumed
    counters.generated += generated
    counters.prompt += end.promptTokens - end.cachedTokens
    if (end.generationMs > 0) counters.tokensPerSecond = ((generated - 1) * 1000) / end.generationMs
  }
  const complete = createComplete({ dispatcher: api.dispatcher, call, facts, gather, onEnd: count })
  const checkTokens = (tokens: readonly number[]): void => refuseStrangeTokens(tokens, info.vocabularySize)
  return {
    name: 'llama-server',
    info,
    async *generate(request, options = {}) {
      checkAlive()
      if (facts.endTexts.size === 0) throw new AppError('backend.unsupported', 'this model does not generate text')
      counters.running += 1
      try {
        checkTokens((request.resume ?? []).map((token) => token.id))
        return yield* complete(request, anySignal(closing.signal, options.signal))
      } catch (error) {
        throw await failure(error, options)
      } finally {
        counters.running -= 1
      }
    },
    async tokenize(text, options) {
      const answer = await call('/tokenize', { content: text, add_special: false, parse_special: true }, options)
      return member(answer, 'tokens', 'object') as readonly number[]
    },
    async detokenize(tokens, options) {
      checkTokens(tokens)
      return member(await call('/detokenize', { tokens }, options), 'content', 'string')
    },
    ...createVectors({ call, checkTokens }, { ...init, pools: facts.pools, frame: facts.frame }),
    status: () => ({
      busySequences: active(),
      waitingRequests: Math.max(0, counters.running - init.parallel),
      memoryBytes: server.memoryBytes(),
      lastTokensPerSecond: counters.tokensPerSecond,
      tokensGenerated: counters.generated,
      promptTokensProcessed: counters.prompt,
    }),
    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('node.stopping', 'the engine is closing'))
      await init.dispose()
    },
  }
}

function refuseStrangeTokens(tokens: readonly number[], vocabularySize: number): void {
  // llama.cpp would look beyond its tables.
  const strange = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabularySize)
  if (strange === undefined) return
  throw new AppError('request.invalid', `token ${strange} is not one of the model's ${vocabularySize} tokens`)
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref())
}
