import type { LlamaContextSequence, SequenceEvaluateOptions, Token } from 'node-llama-cpp'
import type { CacheBarrier } from './cache-barrier.ts'

/** Natural logarithms of the model's own distribution, before temperature, cuts, penalties and grammar. */
export interface RawLogprobs {
  readonly logprob: number
  readonly top: readonly { readonly token: number; readonly logprob: number }[]
}

export interface SampledToken {
  readonly token: number
  readonly logprobs?: RawLogprobs
}

/** One generation's tokens, one at a time. */
export interface TokenSource {
  next(): Promise<SampledToken>
  close(): Promise<void>
}

export interface TokenSourceInit {
  /** What the sequence has not evaluated yet of the prompt; at least one token. */
  readonly prompt: readonly number[]
  readonly options: SequenceEvaluateOptions
  readonly topLogprobs?: number
}

export interface TokenSourceDeps {
  readonly sequence: LlamaContextSequence
  readonly barrier: CacheBarrier
}

export function createTokenSource(deps: TokenSourceDeps, init: TokenSourceInit): TokenSource {
  if (init.topLogprobs === undefined) return sampled(deps, init)
  const { options } = init
  const plainGreedy =
    options.temperature === 0 &&
    options.repeatPenalty === undefined &&
    options.tokenBias === undefined &&
    options.grammarEvaluationState === undefined
  return plainGreedy
    ? greedyWithLogprobs(deps, init, init.topLogprobs)
    : sampledWithLogprobs(deps, init, init.topLogprobs)
}

function sampled({ sequence }: TokenSourceDeps, { prompt, options }: TokenSourceInit): TokenSource {
  const tokens = sequence.evaluateWithMetadata([...prompt] as Token[], {}, { ...options, yieldEogToken: true })
  return {
    async next() {
      const next = await tokens.next()
      if (next.done === true) throw new Error('the engine stopped without an end token')
      return { token: next.value.token }
    },
    async close() {
      await tokens.return()
    },
  }
}

/** With nothing between the logits and the choice, one pass gives both. */
function greedyWithLogprobs({ sequence }: TokenSourceDeps, init: TokenSourceInit, count: number): TokenSource {
  let input = init.prompt
  return {
    async next() {
      const result = await evaluateRaw(sequence, { input, count, priority: init.options.evaluationPriority })
      input = [result.token]
      return { token: result.token, logprobs: logprobsOf(result, result.token, count) }
    },
    close: async () => {},
  }
}

/**
 * node-llama-cpp shows logits only after temperature and cuts have changed them. So the last token is taken back and
 * evaluated once more with a neutral sampler: exact, at the price of a second pass per token.
 */
function sampledWithLogprobs(deps: TokenSourceDeps, init: TokenSourceInit, count: number): TokenSource {
  const { sequence, barrier } = deps
  const source = sampled(deps, init)
  return {
    async next() {
      const { token } = await source.next()
      const end = sequence.nextTokenIndex
      const last = sequence.contextTokens.at(-1) as Token
      await barrier.exclusive(async () => await sequence.eraseContextTokenRanges([{ start: end - 1, end }]))
      const result = await evaluateRaw(sequence, {
        input: [last],
        count,
        priority: init.options.evaluationPriority,
        chosen: token,
      })
      return { token, logprobs: logprobsOf(result, token, count) }
    },
    close: source.close,
  }
}

interface RawResult {
  readonly token: number
  readonly logits: ReadonlyMap<number, number>
  readonly weight: number
}

interface RawQuery {
  readonly input: readonly number[]
  readonly count: number
  readonly priority: SequenceEvaluateOptions['evaluationPriority']
  readonly chosen?: number
}

async function evaluateRaw(sequence: LlamaContextSequence, query: RawQuery): Promise<RawResult> {
  const { input, count, chosen } = query
  const head = input.slice(0, -1) as Token[]
  const last = input.at(-1) as Token
  const outputs = await sequence.controlledEvaluate(
    [
      ...head,
      [
        last,
        {
          generateNext: {
            token: true,
            totalLogitWeight: true,
            logits: {
              filter: {
                tokens: chosen === undefined ? [] : [chosen as Token],
                includeSelected: true,
                includeTop: Math.max(1, count),
              },
            },
            options: { temperature: 0, topK: 0, topP: 1, minP: 0 },
          },
        },
      ],
    ],
    query.priority === undefined ? {} : { evaluationPriority: query.priority },
  )
  const next = outputs[input.length - 1]?.next
  if (typeof next?.token !== 'number' || next.logits === undefined || next.totalLogitWeight === undefined) {
    throw new Error('the engine gave no logits')
  }
  return { token: next.token, logits: next.logits, weight: next.totalLogitWeight }
}

/** `weight` is the sum of exp(logit - highest logit) over the vocabulary. */
function logprobsOf(result: RawResult, token: number, count: number): RawLogprobs {
  const highest = Math.max(...result.logits.values())
  const logprob = (logit: number): number => logit - highest - Math.log(result.weight)
  const top = [...result.logits]
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([id, logit]) => ({ token: id, logprob: logprob(logit) }))
  return { logprob: logprob(result.logits.get(token) ?? Number.NEGATIVE_INFINITY), top }
}
