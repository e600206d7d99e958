import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { chooseModel } from '../choose-model.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { ModelName, ModelQuery, maybe } from '../media/request-fields.ts'
import { VAD } from './media-paths.ts'

/** Ten minutes at 16 kHz. */
const MAX_SAMPLES = 9_600_000

const schema = {
  tags: ['audio'],
  summary: 'Find the stretches of speech in a sound',
  body: Type.Object({
    model: maybe(ModelName),
    /** Samples from -1 to 1, 16000 a second. */
    audio: Type.Array(Type.Number(), { minItems: 1, maxItems: MAX_SAMPLES }),
  }),
  querystring: ModelQuery,
  response: {
    200: Type.Object({ segments: Type.Array(Type.Object({ start: Type.Number(), end: Type.Number() })) }),
  },
}

export const vad: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, { media, calls, registry }) => {
  for (const url of VAD.urls) {
    app.post(url, { schema, config: VAD.config }, async (request, reply) => {
      const { body, query } = request
      const model = chooseModel(registry, 'vad', [body.model, query.model])
      return await calls.run(reply, { endpoint: 'vad', model }, async ({ signal }) => ({
        segments: [...(await media.detectSpeech({ model, audio: body.audio }, { signal }))],
      }))
    })
  }
}
