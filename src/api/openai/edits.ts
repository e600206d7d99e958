import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type, { type Static } from 'typebox'
import type { AbortOptions } from '../../base/signals.ts'
import type { Answer } from '../../inference/collect-answer.ts'
import type { Stamp } from '../../inference/continuity.ts'
import type { Edit } from '../../inference/edit.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Calls } from '../calls.ts'
import { chooseModel } from '../choose-model.ts'
import { LongText, ModelName, ModelQuery, maybe } from '../media/request-fields.ts'
import { createUsageSum } from './from-inference.ts'
import { choicesOf, collectChoices, seedOf, unixSeconds, uuidOf } from './generation-route.ts'
import { EDITS } from './media-paths.ts'
import { CompletionRequest } from './schema.ts'
import { toCompletionSampling } from './to-inference.ts'

const MAX_INPUTS = 64
const MAX_TOKENS = 2 ** 31 - 1

export interface EditsDeps {
  readonly edit: Edit
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'fallback'>
}

const EditRequest = Type.Object({
  model: maybe(ModelName),
  instruction: LongText,
  input: maybe(Type.Union([LongText, Type.Array(LongText, { minItems: 1, maxItems: MAX_INPUTS })])),
  n: CompletionRequest.properties.n,
  temperature: CompletionRequest.properties.temperature,
  top_p: CompletionRequest.properties.top_p,
  top_k: CompletionRequest.properties.top_k,
  max_tokens: maybe(Type.Integer({ minimum: -1, maximum: MAX_TOKENS })),
  seed: CompletionRequest.properties.seed,
  stop: CompletionRequest.properties.stop,
})

const EditAnswer = Type.Object({
  id: Type.String(),
  object: Type.Literal('edit'),
  created: Type.Integer(),
  model: Type.String(),
  choices: Type.Array(
    Type.Object({
      index: Type.Integer(),
      text: Type.String(),
      finish_reason: Type.Enum(['stop', 'length']),
    }),
  ),
  usage: Type.Object({
    prompt_tokens: Type.Integer(),
    completion_tokens: Type.Integer(),
    total_tokens: Type.Integer(),
  }),
})

const schema = {
  tags: ['completions'],
  summary: 'Change a text as an instruction says',
  body: EditRequest,
  querystring: ModelQuery,
  response: { 200: EditAnswer },
}

export const edits: FastifyPluginAsyncTypebox<EditsDeps> = async (app, { edit, calls, registry }) => {
  for (const url of EDITS.urls) {
    app.post(url, { schema, config: EDITS.config }, async (request, reply) => {
      const { body, query } = request
      const { instruction } = body
      const model = chooseModel(registry, 'edit', [body.model, query.model])
      const given = body.input ?? ''
      const inputs = typeof given === 'string' ? [given] : given
      const sampling = toCompletionSampling({ ...body, prompt: '' })
      const n = body.n ?? 1
      const { options: optionsOf } = choicesOf(request, inputs.length * n)
      const starts = inputs.flatMap((input, place) =>
        Array.from({ length: n }, (_, choice) => {
          const one = { model, instruction, input, sampling: { ...sampling, ...seedOf(body.seed, choice) } }
          const own = optionsOf(place * n + choice)
          return (options: AbortOptions) => edit(one, { ...own, ...options })
        }),
      )
      return await calls.run(reply, { endpoint: 'edit', model }, async (call) =>
        renderEdits({ stamp: request.stamp, model, n }, await collectChoices(call, starts)),
      )
    })
  }
}

function renderEdits(
  { stamp, model, n }: { readonly stamp: Stamp; readonly model: string; readonly n: number },
  answers: readonly Answer[],
): Static<typeof EditAnswer> {
  const usage = createUsageSum({ withTimings: false })
  const choices = answers.map(({ text, finish }, index) => {
    usage.add(finish, Math.floor(index / n))
    return { index, text, finish_reason: finish.reason === 'length' ? ('length' as const) : ('stop' as const) }
  })
  return {
    id: `edit-${uuidOf(stamp)}`,
    object: 'edit',
    created: unixSeconds(stamp),
    model,
    choices,
    usage: usage.total(),
  }
}
