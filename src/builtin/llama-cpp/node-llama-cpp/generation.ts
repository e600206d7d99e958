import type {
  EvaluationPriority,
  LlamaContextSequence,
  LlamaGrammarEvaluationState,
  LlamaModel,
  SequenceEvaluateOptions,
  Token,
} from 'node-llama-cpp'
import { AppError } from '../../../base/errors.ts'
import type { GeneratedPiece, GenerateRequest, GenerationEnd } from '../engine.ts'
import type { Answer, Outcome } from './answer.ts'
import type { GatherRule } from './batching.ts'
import type { CacheBarrier } from './cache-barrier.ts'
import { toSamplingOptions } from './sampling.ts'
import type { SequenceSlot } from './sequence-pool.ts'
import { createTokenSource, type TokenSource } from './token-source.ts'
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
  /** Has read the tokens of `request.resume`, and goes on. */
  readonly answer: Answer
  /** The pieces of those tokens. */
  readonly replayed: readonly GeneratedPiece[]
  readonly slot: SequenceSlot<LlamaContextSequence>
  readonly signal: AbortSignal
}

/** Generates one answer on one sequence, from cutting its cache to the last piece of text. */
export async function* generateOnSequence(
  deps: GenerationDeps,
  job: GenerationJob,
): AsyncGenerator<GeneratedPiece, GenerationEnd> {
  const { request, prompt, answer, slot } = job
  const history = [...prompt, ...(request.resume ?? []).map((token) => token.id)]
  const options = await evaluateOptions(deps, job, history)
  const started = performance.now()
  try {
    const { last, cachedTokens } = yield* replayWhile(readTokens(deps, job, history), job.replayed)
    const source = createTokenSource(
      { sequence: slot.sequence, barrier: deps.barrier },
      {
        prompt: last,
        options,
        ...(request.topLogprobs === undefined ? {} : { topLogprobs: request.topLogprobs }),
      },
    )
    try {
      let firstTokenAt: number | undefined
      let outcome: Outcome | undefined
      while (outcome === undefined) {
        const sampled = await nextToken(deps, job, source)
        firstTokenAt ??= performance.now()
        history.push(sampled.token)
        deps.counters.generated += 1
        const step = answer.push(sampled)
        if (step.piece !== undefined) yield step.piece
        outcome = step.outcome
      }
      const tail = answer.finish()
      if (tail !== undefined) yield tail
      const now = performance.now()
      return {
        ...outcome,
        promptTokens: prompt.length,
        cachedTokens: Math.min(cachedTokens, prompt.length),
        completionTokens: answer.tokens(),
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

/** Gives out what is known already while the model reads. The sequence is not given back before it has done so. */
async function* replayWhile<T>(
  reading: Promise<T>,
  replayed: readonly GeneratedPiece[],
): AsyncGenerator<GeneratedPiece, T> {
  const settled = reading.catch(() => {})
  try {
    yield* replayed
  } finally {
    await settled
  }
  return await reading
}

/** Has the model read all but the last pass of the tokens, which is to give the first new one. */
async function readTokens(deps: GenerationDeps, job: GenerationJob, tokens: readonly number[]) {
  const rest = await reusePrefix(deps, job.slot.sequence, tokens)
  const last = await evaluateAllButLastBatch(deps, job, rest)
  deps.counters.prompt += rest.length
  return { last, cachedTokens: tokens.length - rest.length }
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
    hasGrammar: request.grammar !== undefined,
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
