import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AppError } from '../../base/errors.ts'
import type { Stamp } from '../../inference/continuity.ts'
import type { Embed, Embeddings } from '../../inference/embed.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { Calls } from '../calls.ts'
import { chooseModel } from '../choose-model.ts'
import { unixSeconds, uuidOf } from './generation-route.ts'
import { EMBEDDINGS } from './inference-paths.ts'
import { EmbeddingList } from './response-schema.ts'
import { EmbeddingRequest, ModelParams, ModelQuery } from './schema.ts'
import { toEmbeddingInputs } from './to-inference.ts'

export interface EmbeddingsDeps {
  readonly embed: Embed
  readonly calls: Calls
  readonly registry: Pick<ModelRegistry, 'fallback'>
}

const schema = {
  tags: ['embeddings'],
  summary: 'Turn texts into vectors',
  body: EmbeddingRequest,
  querystring: ModelQuery,
  params: ModelParams,
  response: { 200: EmbeddingList },
}

export const embeddings: FastifyPluginAsyncTypebox<EmbeddingsDeps> = async (app, { embed, calls, registry }) => {
  for (const url of EMBEDDINGS.urls) {
    app.post(url, { schema, config: EMBEDDINGS.config }, async (request, reply) => {
      const { body } = request
      const model = chooseModel(registry, 'embeddings', [body.model, request.params.model, request.query.model])
      const inputs = toEmbeddingInputs(body)
      return await calls.run(reply, { endpoint: 'embeddings', model }, async ({ signal, countPromptTokens }) => {
        const result = await embed({ model, inputs }, { signal })
        countPromptTokens(result.promptTokens)
        checkDimensions(result, body.dimensions)
        const encode = body.encoding_format === 'base64' ? toBase64 : copy
        return renderEmbeddings({ stamp: request.stamp, model }, result, encode)
      })
    })
  }
}

/** Cutting a vector short keeps its meaning only for models trained for that, and nothing in a model's file says so. */
function checkDimensions({ vectors }: Embeddings, wanted: number | null | undefined): void {
  const given = vectors[0]?.length
  if (wanted === undefined || wanted === null || wanted === given) return
  throw new AppError('request.unsupported', `this model's vectors have ${given} dimensions, not ${wanted}`, {
    details: { param: 'dimensions' },
  })
}

function renderEmbeddings(
  { stamp, model }: { readonly stamp: Stamp; readonly model: string },
  { vectors, promptTokens }: Embeddings,
  encode: (vector: readonly number[]) => number[] | string,
): EmbeddingList {
  return {
    id: uuidOf(stamp),
    created: unixSeconds(stamp),
    object: 'list',
    model,
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: encode(vector) })),
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  }
}

function copy(vector: readonly number[]): number[] {
  return [...vector]
}

/** Little-endian 32-bit floats, whatever the byte order of this machine. */
function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
