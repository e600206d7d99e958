import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { PlanOptions } from '../../workers/placement/create-placer.ts'
import type { PlacedModel } from '../../workers/placement/placed-models.ts'
import type { Plan } from '../../workers/placement/plan.ts'
import type { SaidWishes } from '../../workers/placement/read-wishes.ts'

/** Where the node's models would go and where they are; src/compose brings it. */
export interface ModelPlans {
  /** What would be done now. Throws `model.not-found`, `model.file-invalid`, `model.config-invalid`. */
  plan(model: string, options: PlanOptions): Promise<Plan>
  placed(): readonly (PlacedModel & { readonly measuredTokensPerSecond: number | undefined })[]
  /** Loads it anew, as wished from now on; undefined: as its config says. Throws what loading throws. */
  apply(model: string, wishes: SaidWishes | undefined, options: Required<AbortOptions>): Promise<Plan>
}

export interface ModelPlansDeps {
  readonly plans: ModelPlans
  /** Aborts when the node stops: a load goes on though its client has gone. */
  readonly giveUp: AbortSignal
}

const Split = Type.Enum(['auto', 'off', 'force'])
const Name = Type.String({ minLength: 1, maxLength: 512 })
const Context = Type.Integer({ minimum: 1, maximum: 16_777_216 })
const Pin = Type.Object({ worker: Name, layers: Type.Optional(Type.Integer({ minimum: 0, maximum: 1024 })) })

const Wishes = Type.Object({
  model: Name,
  split: Type.Optional(Split),
  /** In the order of their layers. */
  workers: Type.Optional(Type.Array(Pin, { maxItems: 64 })),
})
const PlanBody = Type.Object({ ...Wishes.properties, context_size: Type.Optional(Context) })

const Machine = Type.Object({
  id: Type.String(),
  name: Type.String(),
  layers: Type.Integer(),
  has_output: Type.Boolean(),
  weight_bytes: Type.Number(),
  memory_bytes: Type.Number(),
  memory_available_bytes: Type.Number(),
  round_trip_ms: Type.Number(),
  seconds_per_token: Type.Number(),
})
const planFields = {
  model: Type.String(),
  verdict: Type.Enum(['here', 'split', 'refused']),
  layer_count: Type.Integer(),
  context_size: Type.Integer(),
  sequences: Type.Integer(),
  predicted_tokens_per_second: Type.Number(),
  measured_speeds: Type.Boolean(),
  machines: Type.Array(Machine),
  why: Type.Array(Type.String()),
}
const PlanAnswer = Type.Object(planFields)
export type PlanAnswer = Static<typeof PlanAnswer>
const Placed = Type.Object({
  ...planFields,
  since: Type.String(),
  measured_tokens_per_second: Type.Union([Type.Number(), Type.Null()]),
  weights: Type.Object({ total_bytes: Type.Number(), given_bytes: Type.Number(), cached_bytes: Type.Number() }),
})

const URL = '/api/p2p/plan'
const config = { access: 'admin' } as const
const about = <T extends Parameters<typeof Type.Union>[0][number]>(summary: string, answer: T) => ({
  tags: ['p2p'],
  summary,
  response: { 200: answer },
})

/** Ours: `local-ai models plan`. */
export const modelPlans: FastifyPluginAsyncTypebox<ModelPlansDeps> = async (app, { plans, giveUp }) => {
  const querystring = Type.Object({
    model: Type.Optional(Name),
    split: Type.Optional(Split),
    context_size: Type.Optional(Context),
  })
  app.get(
    URL,
    {
      schema: {
        ...about(
          'Where a model would go; without one, where those in memory are',
          Type.Union([PlanAnswer, Type.Object({ models: Type.Array(Placed) })]),
        ),
        querystring,
      },
      config,
    },
    async ({ query: { model, ...wishes } }) => {
      if (model !== undefined) return toPlanAnswer(await plans.plan(model, toOptions(wishes)))
      return { models: plans.placed().map(toPlaced) }
    },
  )
  app.post(
    URL,
    { schema: { ...about('Where a model would go, as wished', PlanAnswer), body: PlanBody }, config },
    async ({ body: { model, ...wishes } }) => toPlanAnswer(await plans.plan(model, toOptions(wishes))),
  )
  app.post(
    `${URL}/apply`,
    { schema: { ...about('Load a model anew, as wished', PlanAnswer), body: Wishes }, config },
    async ({ body: { model, ...wishes } }) =>
      toPlanAnswer(await plans.apply(model, toOptions(wishes).wishes, { signal: giveUp })),
  )
}

type Said = Omit<Static<typeof PlanBody>, 'model'>

function toOptions({ split, workers, context_size: contextSize }: Said): PlanOptions {
  if (workers?.length === 0) throw new AppError('request.invalid', 'workers: name at least one, or leave it out')
  const wishes: SaidWishes = { ...(split && { split }), ...(workers && { pins: workers }) }
  return {
    ...(Object.keys(wishes).length === 0 ? {} : { wishes }),
    ...(contextSize === undefined ? {} : { contextSize }),
  }
}

export function toPlanAnswer(plan: Plan): PlanAnswer {
  const { model, verdict, layerCount, contextSize, sequences, tokensPerSecond, measuredSpeeds, machines, why } = plan
  return {
    ...{ model, verdict, layer_count: layerCount, context_size: contextSize, sequences },
    ...{ predicted_tokens_per_second: tokensPerSecond, measured_speeds: measuredSpeeds, why: [...why] },
    machines: machines.map((machine) => ({
      ...{ id: machine.id, name: machine.name, layers: machine.layers, has_output: machine.hasOutput },
      ...{ weight_bytes: machine.weightBytes, memory_bytes: machine.memoryBytes },
      ...{ memory_available_bytes: machine.memoryAvailableBytes, round_trip_ms: machine.roundTripMs },
      seconds_per_token: machine.secondsPerToken,
    })),
  }
}

function toPlaced({ plan, sinceUnixMs, weights, measuredTokensPerSecond }: ReturnType<ModelPlans['placed']>[number]) {
  return {
    ...toPlanAnswer(plan),
    since: new Date(sinceUnixMs).toISOString(),
    measured_tokens_per_second: measuredTokensPerSecond ?? null,
    weights: {
      total_bytes: weights.totalBytes,
      given_bytes: weights.givenBytes,
      cached_bytes: weights.cachedBytes,
    },
  }
}
