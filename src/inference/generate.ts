import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ModelLease, ModelLoader } from '../backends/model-lease.ts'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { PredictOptions } from '../grpc/generated/backend/PredictOptions.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { AnswerReader } from './answers/answer-reader.ts'
import type { GenerationOptions, Stamp } from './continuity.ts'
import type { InferenceEvent } from './events.ts'
import { createGivenEvents } from './given-events.ts'
import { readReplies } from './read-replies.ts'
import { createTokenJournal, type TokenJournal } from './token-journal.ts'
import { hasDied, mayAskAgain } from './use-model.ts'

/** What every generation needs of the world. */
export interface GenerationDeps {
  readonly registry: Pick<ModelRegistry, 'find'>
  readonly loader: Pick<ModelLoader, 'acquire'>
  readonly log: Pick<Logger, 'debug'>
  /** Milliseconds of a clock that never goes back; by default the process's. */
  readonly clock?: () => number
  /** By default the process's timers. */
  readonly wait?: (ms: number, options: AbortOptions) => Promise<unknown>
  /** 0 <= x < 1; by default Math.random. The seed of a request that names none and has no stamp. */
  readonly random?: () => number
}

/** What to ask of which model; may throw. */
export type PrepareGeneration = (random: () => number) => {
  readonly config: ModelConfig
  readonly predict: PredictOptions
  /** A new one for each attempt; absent: the answer stays as it is. */
  readonly answer?: () => AnswerReader
}

/**
 * Prepares on the first pull, borrows the model, runs one generation and gives the model back however it ends. A backend
 * that is lost is started again: once when it has not answered anything, and, where it tells what it samples, twice in the
 * middle of an answer, which then goes on as if nothing had happened.
 */
export async function* generate(
  deps: GenerationDeps,
  prepare: PrepareGeneration,
  options: GenerationOptions = {},
): AsyncGenerator<InferenceEvent, void> {
  const { stamp, continuity, signal } = options
  const random = stamp === undefined ? (deps.random ?? Math.random) : () => stamp.number('seed')
  const prepared = prepare(random)
  const tokens = createTokenJournal(continuity)
  const given = createGivenEvents()
  let lost: { readonly error: unknown; readonly count: number } | undefined
  for (let restarts = 0; ; restarts += 1) {
    given.begin()
    try {
      for await (const event of generateOnce(deps, { ...prepared, tokens, begun: given.count() > 0 }, options)) {
        if (given.isNew(event)) yield event
      }
      given.end()
      return
    } catch (error) {
      const count = given.count()
      if (!mayStartAgain(error, { restarts, answered: count > 0, resumable: tokens.resumable() })) {
        // Who could not go on tells why it had to.
        throw count > 0 && lost?.count === count && signal?.aborted !== true ? lost.error : error
      }
      lost = { error, count }
      deps.log.debug(
        { model: prepared.config.name, events: count, err: error },
        'the backend was lost, starting it again',
      )
    }
  }
}

const MOST_RESTARTS = 2

function mayStartAgain(
  error: unknown,
  at: { readonly restarts: number; readonly answered: boolean; readonly resumable: boolean },
): boolean {
  if (!at.answered && mayAskAgain(error, at.restarts)) return true
  return at.resumable && at.restarts < MOST_RESTARTS && hasDied(error)
}

/** A model that died twice in a row may not be started at once; an answer that has begun waits so long for it. */
const LONGEST_WAIT_MS = 5_000

async function acquireAgain(
  { loader, wait = (ms, { signal }) => delay(ms, undefined, signal && { signal }) }: GenerationDeps,
  config: ModelConfig,
  options: AbortOptions,
): Promise<ModelLease> {
  for (let left = LONGEST_WAIT_MS; ; ) {
    try {
      return await loader.acquire(config, options)
    } catch (error) {
      const cooling = error instanceof AppError && error.code === 'backend.cooling-down'
      // Timers are a little early at times: then what is left is waited for as well.
      const waitMs = cooling ? Math.max(1, Math.ceil(Number(error.details['retryAfterMs']))) : Infinity
      if (!(waitMs <= left)) throw error
      left -= waitMs
      await wait(waitMs, options)
    }
  }
}

interface Attempt extends ReturnType<PrepareGeneration> {
  readonly tokens: TokenJournal
  /** Something of the answer was given out before. */
  readonly begun: boolean
}

async function* generateOnce(
  deps: GenerationDeps,
  { config, predict, answer, tokens, begun }: Attempt,
  { stamp, signal }: GenerationOptions,
): AsyncGenerator<InferenceEvent, void> {
  const { loader, log, clock = () => performance.now() } = deps
  const options = signal === undefined ? {} : { signal }
  using lease = await (begun ? acquireAgain(deps, config, options) : loader.acquire(config, options))
  const before = tokens.begin() ?? []
  const resume = before.length === 0 ? {} : { Resume: [...before] }
  const replies = lease.client.predictStream({ ...predict, ReportGenerated: true, ...resume }, options)
  const init = {
    maxTokens: predict.Tokens ?? 0,
    now: clock,
    newToolCallId: callIds(stamp),
    onTokens: tokens.add,
    ...(answer === undefined ? {} : { answer: answer() }),
  }
  for await (const event of readReplies(replies, init)) {
    if (event.type === 'finish') {
      const { reason, usage, timings } = event
      log.debug({ model: config.name, backend: lease.backend, reason, ...usage, ...timings }, 'generation finished')
    }
    yield event
  }
}

function callIds(stamp: Stamp | undefined): () => string {
  let calls = 0
  return () => {
    const digits = stamp?.digits(`call ${calls++}`) ?? randomUUID().replaceAll('-', '')
    return `call_${digits.slice(0, 24)}`
  }
}
