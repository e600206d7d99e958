import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type, { type Static } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { chooseModel } from '../choose-model.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { LongText, ModelName, ModelQuery, maybe } from '../media/request-fields.ts'
import { RERANK } from './inference-paths.ts'

const MAX_DOCUMENTS = 10_000
const MAX_COUNT = 2 ** 31 - 1

const Document = Type.Union([LongText, Type.Object({ text: LongText })])

const RerankBody = Type.Object({
  model: maybe(ModelName),
  query: Type.Union([LongText, Type.Object({ text: LongText })]),
  documents: Type.Array(Document, { minItems: 1, maxItems: MAX_DOCUMENTS }),
  top_n: maybe(Type.Integer({ minimum: -MAX_COUNT, maximum: MAX_COUNT })),
  return_documents: maybe(Type.Boolean()),
})

const RerankAnswer = Type.Object({
  model: Type.String(),
  usage: Type.Object({ total_tokens: Type.Integer(), prompt_tokens: Type.Integer() }),
  results: Type.Array(
    Type.Object({
      index: Type.Integer(),
      document: Type.Optional(Type.Object({ text: Type.String() })),
      relevance_score: Type.Number(),
    }),
  ),
})

const schema = {
  tags: ['rerank'],
  summary: 'Rank documents by how well they answer a query',
  body: RerankBody,
  querystring: ModelQuery,
  response: { 200: RerankAnswer },
}

/** Jina's rerank API. */
export const rerank: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, { media, calls, registry }) => {
  for (const url of RERANK.urls) {
    app.post(url, { schema, config: RERANK.config }, async (request, reply) => {
      const { body, query } = request
      const documents = body.documents.map(textOf)
      const topN = body.top_n ?? documents.length
      if (topN < 1) {
        throw new AppError('request.unprocessable', 'top_n - should be greater than or equal to 1', {
          details: { param: 'top_n' },
        })
      }
      const model = chooseModel(registry, 'rerank', [body.model, query.model])
      return await calls.run(reply, { endpoint: 'rerank', model }, async ({ signal, countPromptTokens }) => {
        const ranking = await media.rerank({ model, query: textOf(body.query), documents, topN }, { signal })
        countPromptTokens(ranking.promptTokens)
        const withDocuments = body.return_documents !== false
        return {
          model,
          usage: { total_tokens: ranking.totalTokens, prompt_tokens: ranking.promptTokens },
          results: ranking.results.map(({ index, score }) => ({
            index,
            ...(withDocuments ? { document: { text: documents[index] ?? '' } } : {}),
            relevance_score: score,
          })),
        }
      })
    })
  }
}

function textOf(document: Static<typeof Document>): string {
  return typeof document === 'string' ? document : document.text
}
