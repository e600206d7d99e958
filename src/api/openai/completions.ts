import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AbortOptions } from '../../base/signals.ts'
import type { Complete } from '../../inference/complete.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Calls } from '../calls.ts'
import { chooseModel } from '../choose-model.ts'
import type { EventStreamLimits } from '../sse.ts'
import { createCompletionStream, renderCompletion } from './completion-rendering.ts'
import { choicesOf, collectChoices, createHead, seedOf, streamChoices, wantsTimings } from './generation-route.ts'
import { COMPLETION } from './inference-paths.ts'
import { Completion } from './response-schema.ts'
import { CompletionRequest, ModelParams, ModelQuery } from './schema.ts'
import { toCompletionSampling, toPrompts, toResponseFormat } from './to-inference.ts'

export interface CompletionsDeps {
  readonly complete: Complete
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'fallback'>
  readonly streamLimits: EventStreamLimits
  readonly fingerprint: string
}

const schema = {
  tags: ['completions'],
  summary: 'Continue a text',
  description: 'With `stream` the answer is an event stream, which ends with `[DONE]`.',
  body: CompletionRequest,
  querystring: ModelQuery,
  params: ModelParams,
  response: { 200: Completion },
}

export const completions: FastifyPluginAsyncTypebox<CompletionsDeps> = async (app, deps) => {
  const { complete, calls, registry, streamLimits, fingerprint } = deps
  for (const url of COMPLETION.urls) {
    app.post(url, { schema, config: COMPLETION.config }, async (request, reply) => {
      const { body } = request
      const model = chooseModel(registry, 'completion', [body.model, request.params.model, request.query.model])
      const prompts = toPrompts(body)
      const sampling = toCompletionSampling(body)
      const format = toResponseFormat(body.response_format)
      const n = body.n ?? 1
      const { options: optionsOf, order } = choicesOf(request, prompts.length * n)
      const starts = prompts.flatMap((prompt, place) =>
        Array.from({ length: n }, (_, choice) => {
          const one = { model, prompt, sampling: { ...sampling, ...seedOf(body.seed, choice) } }
          const own = optionsOf(place * n + choice)
          return (options: AbortOptions) =>
            complete(format === undefined ? one : { ...one, responseFormat: format }, { ...own, ...options })
        }),
      )
      const rendering = {
        head: createHead('cmpl', request.stamp, { model, fingerprint }),
        prompts,
        n,
        echo: body.echo === true,
        withTimings: wantsTimings(request),
        withUsage: body.stream_options?.include_usage === true,
        wantsLogprobs: sampling.topLogprobs !== undefined,
        requestId: request.id,
      }
      return await calls.run(reply, { endpoint: 'completion', model }, async (call) => {
        if (body.stream !== true) return renderCompletion(rendering, await collectChoices(call, starts))
        await streamChoices(reply, call, {
          starts,
          order,
          format: createCompletionStream(rendering),
          limits: streamLimits,
        })
        return reply
      })
    })
  }
}
