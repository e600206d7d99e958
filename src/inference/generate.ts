import { randomUUID } from 'node:crypto'
import type { ModelLoader } from '../backends/model-lease.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { PredictOptions } from '../grpc/generated/backend/PredictOptions.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { InferenceEvent } from './events.ts'
import { readReplies } from './read-replies.ts'

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
}

/** Prepares on the first pull, borrows the model, runs one generation and gives the model back however it ends. */
export async function* generate(
  { loader, log, clock = () => performance.now(), random = Math.random }: GenerationDeps,
  prepare: PrepareGeneration,
  options: AbortOptions = {},
): AsyncGenerator<InferenceEvent, void> {
  const { config, predict } = prepare(random)
  using lease = await loader.acquire(config, options)
  const replies = lease.client.predictStream(predict, options)
  const init = { maxTokens: predict.Tokens ?? 0, now: clock, newToolCallId }
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
