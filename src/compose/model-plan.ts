import { hostname } from 'node:os'
import { isLoopbackAddress } from '../api/access/loopback.ts'
import { type PlanAnswer, toPlanAnswer } from '../api/localai/p2p-plan.ts'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { AbortOptions } from '../base/signals.ts'
import { createModelRegistry } from '../models/create-model-registry.ts'
import { createLogger } from '../telemetry/logger.ts'
import { createPlacer } from '../workers/placement/create-placer.ts'
import type { SplitMode } from '../workers/placement/plan.ts'
import { parsePins, type SaidWishes } from '../workers/placement/read-wishes.ts'
import { createNodeClient, parseEndpoint } from './node-client.ts'

export interface PlanQuestion {
  readonly endpoint: string
  readonly apiKey: string | undefined
  readonly modelsPath: string
  readonly contextSize: number | undefined
  readonly split: SplitMode
  readonly workers: readonly string[]
}

/** Asks the running node, which knows the workers; where none runs, this machine alone is looked at. */
export async function askForPlan(
  model: string,
  { endpoint, apiKey, ...question }: PlanQuestion,
  options: AbortOptions,
): Promise<PlanAnswer> {
  const { contextSize, split, workers } = question
  const pins = parsePins(workers)
  const body = {
    model,
    ...(split === 'auto' ? {} : { split }),
    ...(pins.length === 0 ? {} : { workers: pins }),
    ...(contextSize === undefined ? {} : { context_size: contextSize }),
  }
  try {
    const answer = await createNodeClient({ endpoint, apiKey }).post('/api/p2p/plan', body, options)
    if (isPlan(answer)) return answer
    throw new AppError('request.invalid', `${endpoint} did not answer as a local-ai node of this version does`)
  } catch (error) {
    if (!(error instanceof AppError) || error.details['refused'] !== true || !isHere(endpoint)) throw error
    return await planAlone(model, { ...question, wishes: { split, ...(pins.length > 0 && { pins }) } }, options)
  }
}

/** Of another machine, this one can tell nothing. */
function isHere(endpoint: string): boolean {
  const { hostname: host } = parseEndpoint(endpoint)
  return host === 'localhost' || isLoopbackAddress(host.replace(/^\[|\]$/g, ''))
}

async function planAlone(
  model: string,
  { modelsPath, contextSize, wishes }: Omit<PlanQuestion, 'endpoint' | 'apiKey'> & { readonly wishes: SaidWishes },
  options: AbortOptions,
): Promise<PlanAnswer> {
  const log = createLogger({ level: 'silent', format: 'json' })
  const registry = createModelRegistry({ log }, { modelsPath, builtin: [], defaults: () => ({}) })
  await registry.reload()
  const config = registry.find(model)
  if (config === undefined) throw new AppError('model.not-found', `there is no model "${model}" in ${modelsPath}`)
  const memoryBytes = process.availableMemory()
  const placer = createPlacer(
    {
      ...{ log, pool: () => undefined, at: async () => undefined, measure: async () => {}, others: () => [] },
      home: () => ({ id: 'here', name: hostname(), memoryBytes, weightBytesPerSecond: {}, roundTripMs: 0 }),
      connect: async () => {
        throw new AppError('internal', 'a plan connects to nobody')
      },
      now: Date.now,
    },
    { wishes: () => ({}), parallel: 0 },
  )
  const plan = await placer.plan(config, { ...options, wishes, ...(contextSize === undefined ? {} : { contextSize }) })
  return toPlanAnswer(plan)
}

/** For people. */
export function planInWords(plan: PlanAnswer): string {
  const title = {
    here: 'runs on this machine alone',
    split: 'is split over machines',
    refused: 'is not loaded like this',
  }
  const { model, verdict, layer_count: layers, context_size: context, sequences, why } = plan
  return [
    `${model} ${title[verdict]} (${layers} layers; ${sequences} sequence${sequences === 1 ? '' : 's'} of ${context} tokens)`,
    ...why.map((line) => `  ${line}`),
    ...(verdict === 'here'
      ? [
          `  About ${plan.predicted_tokens_per_second.toFixed(1)} tokens/s for one answer${plan.measured_speeds ? '' : ' (a guess: this machine has not been measured)'}.`,
        ]
      : []),
  ].join('\n')
}

function isPlan(answer: unknown): answer is PlanAnswer {
  return isObject(answer) && typeof answer['verdict'] === 'string' && Array.isArray(answer['why'])
}
