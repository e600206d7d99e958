import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { CountTokens } from '../../inference/count-tokens.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Calls } from '../calls.ts'
import { COUNT_TOKENS } from './inference-paths.ts'
import { addRequestIds } from './request-ids.ts'
import { modelOf, requireModel } from './required-fields.ts'
import { TokenCount } from './response-schema.ts'
import { CountTokensRequest, MessagesQuery } from './schema.ts'
import { toConversation } from './to-inference.ts'

export interface CountTokensDeps {
  readonly countTokens: CountTokens
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'find'>
}

const schema = {
  tags: ['anthropic'],
  summary: 'Count the tokens of a conversation before it is sent',
  body: CountTokensRequest,
  querystring: MessagesQuery,
  response: { 200: TokenCount },
}

export const countTokens: FastifyPluginAsyncTypebox<CountTokensDeps> = async (app, deps) => {
  const { calls, registry } = deps
  addRequestIds(app)
  app.addHook('preValidation', async (request) => requireModel(request, registry))
  for (const url of COUNT_TOKENS.urls) {
    app.post(url, { schema, config: COUNT_TOKENS.config }, async (request, reply) => {
      const model = modelOf(request)
      const conversation = toConversation(request.body, model)
      return await calls.run(reply, { endpoint: 'tokenize', model }, async ({ signal }) => ({
        input_tokens: await deps.countTokens(conversation, { signal }),
      }))
    })
  }
}
