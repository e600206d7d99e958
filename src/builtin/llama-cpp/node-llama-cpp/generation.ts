import type {
  EvaluationPriority,
  LlamaContextSequence,
  LlamaGrammarEvaluationState,
  LlamaModel,
  SequenceEvaluateOptions,
  Token,
} from 'node-llama-cpp'
import { AppError } from '../../../base/errors.ts'
import type { EngineTokenLogprob, GeneratedPiece, GenerateRequest, GenerationEnd } from '../engine.ts'
import { createStopMatcher } from '../text/stop-matcher.ts'
import { createTokenText } from '../text/token-text.ts'
import type { GatherRule } from './batching.ts'
import type { CacheBarrier } from './cache-barrier.ts'
import { toSamplingOptions } from './sampling.ts'
import type { SequenceSlot } from './sequence-pool.ts'
import { createTokenSource, type RawLogprobs, type TokenSource } from './token-source.ts'
import type { Vocabulary } from './vocabulary.ts'

export interface GenerationDeps {
  readonly model: LlamaModel
  readonly vocabulary: Vocabulary
  readonly contextSize: number
  /** Prompt tokens between two looks at the signal. */
  readonly batchSize: number
  readonly rule: GatherRule
  readonly barrier: CacheBarrier
  readonly createGrammar: (gbnf: string) => Promise<LlamaGrammarEvaluationState>
  /** Counts up, also for answers that are cut short. */
  readonly counters: { generated: number; prompt: number }
}

export interface GenerationJob {
  readonly request: GenerateRequest
  readonly prompt: readonly number[]
  readonly slot: SequenceSlot<LlamaContextSequence>
  readonly signal: AbortSignal
}

/** Generates one answer on one sequence, from cutting its cache to the last piece of text. */
export async function* generateOnSequence(
  deps: GenerationDeps,
  job: GenerationJob,
): AsyncGenerator<GeneratedPiece, GenerationEnd> {
  const { request, prompt, slot } = job
  const history = [...prompt]
  const options = await evaluateOptions(deps, job, history)
  const started = performance.now()
  try {
    const rest = await reusePrefix(deps, slot.sequence, prompt)
    const cachedTokens = prompt.length - rest.length
    const last = await evaluateAllButLastBatch(deps, job, rest)
    deps.counters.prompt += rest.length
    const source = createTokenSource(
      { sequence: slot.sequence, barrier: deps.barrier },
      {
        prompt: last,
        options,
        ...(request.topLogprobs === undefined ? {} : { topLogprobs: request.topLogprobs }),
      },
    )
    const room = deps.contextSize - prompt.length
    const limit = request.maxTokens > 0 ? Math.min(request.maxTokens, room) : room
    try {
      const text = createAnswer(deps.vocabulary, { stop: request.stop, prompt })
      let firstTokenAt: number | undefined
      let outcome: Pick<GenerationEnd, 'reason' | 'stopSequence'> | undefined
      while (outcome === undefined) {
        const sampled = await nextToken(deps, job, source)
        firstTokenAt ??= performance.now()
        history.push(sampled.token)
        deps.counters.generated += 1
        const step = text.push(sampled)
        if (step.piece !== undefined) yield step.piece
        outcome = step.outcome
        if (outcome === undefined && text.tokens >= limit) outcome = { reason: 'length' }
      }
      const tail = text.finish()
      if (tail !== undefined) yield tail
      const now = performance.now()
      return {
        ...outcome,
        promptTokens: prompt.length,
        cachedTokens,
        completionTokens: text.tokens,
        promptMs: (firstTokenAt ?? now) - started,
        generationMs: now - (firstTokenAt ?? now),
      }
    } finally {
      await source.close()
    }
  } finally {
    deps.rule.forget(slot.index)
  }
}

async function evaluateOptions(
  deps: GenerationDeps,
  { request, slot }: GenerationJob,
  history: readonly number[],
): Promise<SequenceEvaluateOptions> {
  const sampling = toSamplingOptions(request.sampling, {
    model: deps.model,
    lastTokens: (count) => (count === 0 ? [] : history.slice(-count)),
    endTokens: deps.vocabulary.endTokens,
    contextSize: deps.contextSize,
  })
  return {
    ...sampling,
    // Any number works, and it is the only thing of a sequence that the batching rule gets to see.
    evaluationPriority: slot.index as EvaluationPriority,
    ...(request.grammar === undefined ? {} : { grammarEvaluationState: await deps.createGrammar(request.grammar) }),
    contextShift: {
      strategy: () => {
        throw new AppError('internal', 'the context is full although the tokens were counted')
      },
    },
  }
}

/** Keeps the longest beginning that the sequence has evaluated already; gives what is left to evaluate. */
async function reusePrefix(
  { barrier }: GenerationDeps,
  sequence: LlamaContextSequence,
  prompt: readonly number[],
): Promise<readonly number[]> {
  // The last token is always evaluated again: its logits are not kept.
  const reusable = prompt.slice(0, -1) as Token[]
  if (sequence.compareContextTokens(reusable).firstDifferentIndex < sequence.nextTokenIndex) {
    // Without shifting: a cache moved to other positions gives other numbers than a fresh one.
    await barrier.exclusive(async () => await sequence.adaptStateToTokens(reusable, false))
  }
  return prompt.slice(sequence.nextTokenIndex)
}

/** In steps of one batch, so that an abort need not wait for a long prompt. */
async function evaluateAllButLastBatch(
  deps: GenerationDeps,
  { slot, signal }: GenerationJob,
  tokens: readonly number[],
): Promise<readonly number[]> {
  let at = 0
  for (; tokens.length - at > deps.batchSize; at += deps.batchSize) {
    await turn(deps, slot.index, signal)
    await slot.sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(at, at + deps.batchSize) as Token[], {
      evaluationPriority: slot.index as EvaluationPriority,
    })
  }
  return tokens.slice(at)
}

async function nextToken(deps: GenerationDeps, { slot, signal }: GenerationJob, source: TokenSource) {
  await turn(deps, slot.index, signal)
  return await source.next()
}

async function turn(deps: GenerationDeps, sequence: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  for (let closed = deps.barrier.pass(); closed !== undefined; closed = deps.barrier.pass()) await closed
  deps.rule.expect(sequence)
}

interface Answer {
  readonly tokens: number
  push(sampled: { readonly token: number; readonly logprobs?: RawLogprobs }): {
    readonly piece?: GeneratedPiece
    readonly outcome?: Pick<GenerationEnd, 'reason' | 'stopSequence'>
  }
  finish(): GeneratedPiece | undefined
}

/** Tokens to text: whole characters, without stop strings; log probabilities leave together with their text. */
function createAnswer(
  vocabulary: Vocabulary,
  init: { readonly stop: readonly string[]; readonly prompt: readonly number[] },
): Answer {
  const tokenText = createTokenText(vocabulary.textOf, init.prompt)
  const matcher = createStopMatcher(init.stop)
  const waiting: { readonly at: number; readonly logprob: EngineTokenLogprob }[] = []
  let tokens = 0
  let read = 0
  let shown = 0
  let ended = false

  function piece(text: string): GeneratedPiece | undefined {
    shown += text.length
    const due = waiting.findIndex(({ at }) => at >= shown)
    const logprobs = waiting.splice(0, due < 0 ? waiting.length : due).map(({ logprob }) => logprob)
    if (text === '' && logprobs.length === 0) return undefined
    return { text, tokens, ...(logprobs.length > 0 ? { logprobs } : {}) }
  }
  return {
    get tokens() {
      return tokens
    },
    push({ token, logprobs }) {
      tokens += 1
      if (vocabulary.isEnd(token)) return { outcome: { reason: 'stop' } }
      if (logprobs !== undefined) waiting.push({ at: read, logprob: vocabulary.describe(token, logprobs) })
      const text = tokenText.push(token)
      read += text.length
      const match = matcher.push(text)
      const shownNow = piece(match.text)
      ended = match.stop !== undefined
      return {
        ...(shownNow === undefined ? {} : { piece: shownNow }),
        ...(match.stop === undefined ? {} : { outcome: { reason: 'stop', stopSequence: match.stop } }),
      }
    },
    finish() {
      if (ended) return undefined
      const match = matcher.push(tokenText.finish())
      return piece(match.text + (match.stop === undefined ? matcher.finish() : ''))
    },
  }
}
