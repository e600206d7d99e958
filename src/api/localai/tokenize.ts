import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Detokenize, Tokenize } from '../../inference/tokenize.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Calls } from '../calls.ts'
import { chooseModel } from '../choose-model.ts'
import { ModelQuery } from '../media/request-fields.ts'
import { DETOKENIZE, TOKENIZE } from './inference-paths.ts'

export interface TokenizeDeps {
  readonly tokenize: Tokenize
  readonly detokenize: Detokenize
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'fallback'>
}

const model = Type.Optional(Type.Union([Type.String({ maxLength: 512 }), Type.Null()]))
const TokenizeRequest = Type.Object({ model, content: Type.String() })
const DetokenizeRequest = Type.Object({
  model,
  tokens: Type.Array(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
})

const tags = ['tokens']
const tokenizing = {
  tags,
  summary: "Turn a text into a model's tokens",
  body: TokenizeRequest,
  querystring: ModelQuery,
  response: { 200: Type.Object({ tokens: Type.Array(Type.Integer()) }) },
}
const detokenizing = {
  tags,
  summary: 'Turn tokens back into a text',
  body: DetokenizeRequest,
  querystring: ModelQuery,
  response: { 200: Type.Object({ content: Type.String() }) },
}

export const tokenizeRoutes: FastifyPluginAsyncTypebox<TokenizeDeps> = async (app, deps) => {
  const { tokenize, detokenize, calls, registry } = deps
  for (const url of TOKENIZE.urls) {
    app.post(url, { schema: tokenizing, config: TOKENIZE.config }, async (request, reply) => {
      const chosen = chooseModel(registry, 'completion', [request.body.model, request.query.model])
      return await calls.run(reply, { endpoint: 'tokenize', model: chosen }, async ({ signal }) => ({
        tokens: [...(await tokenize({ model: chosen, text: request.body.content }, { signal }))],
      }))
    })
  }
  for (const url of DETOKENIZE.urls) {
    app.post(url, { schema: detokenizing, config: DETOKENIZE.config }, async (request, reply) => {
      const chosen = chooseModel(registry, 'completion', [request.body.model, request.query.model])
      return await calls.run(reply, { endpoint: 'tokenize', model: chosen }, async ({ signal }) => ({
        content: await detokenize({ model: chosen, tokens: request.body.tokens }, { signal }),
      }))
    })
  }
}
