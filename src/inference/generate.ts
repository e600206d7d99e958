import { randomUUID } from 'node:crypto'
import type { ModelLoader } from '../backends/model-lease.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { PredictOptions } from '../grpc/generated/backend/PredictOptions.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { AnswerReader } from './answers/answer-reader.ts'
import type { InferenceEvent } from './events.ts'
import { readReplies } from './read-replies.ts'
import { mayAskAgain } from './use-model.ts'

/** What every generation needs of the world. */
export interface GenerationDeps {
  readonly registry: Pick<ModelRegistry, 'find'>
  readonly loader: Pick<ModelLoader, 'acquire'>
  readonly log: Pick<Logger, 'debug'>
  /** Milliseconds of a clock that never goes back; by default the process's. */
  readonly clock?: () => number
  /** 0 <= x < 1; by default Math.random. Decides the seed of a request that names none. */
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
 * that is found dead before it has answered anything is started again, once.
 */
export async function* generate(
  deps: GenerationDeps,
  prepare: PrepareGeneration,
  options: AbortOptions = {},
): AsyncGenerator<InferenceEvent, void> {
  const prepared = prepare(deps.random ?? Math.random)
  for (let attempt = 0; ; attempt += 1) {
    let answered = false
    try {
      for await (const event of generateOnce(deps, prepared, options)) {
        answered = true
        yield event
      }
      return
    } catch (error) {
      if (answered || !mayAskAgain(error, attempt)) throw error
      deps.log.debug({ model: prepared.config.name }, 'the backend was found dead, asking once more')
    }
  }
}

async function* generateOnce(
  { loader, log, clock = () => performance.now() }: GenerationDeps,
  { config, predict, answer }: ReturnType<PrepareGeneration>,
  options: AbortOptions,
): AsyncGenerator<InferenceEvent, void> {
  using lease = await loader.acquire(config, options)
  const replies = lease.client.predictStream(predict, options)
  const init = {
    maxTokens: predict.Tokens ?? 0,
    now: clock,
    newToolCallId,
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

function newToolCallId(): string {
  return `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`
}
