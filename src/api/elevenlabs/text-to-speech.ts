import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { chooseModel } from '../choose-model.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { ModelName, ModelQuery, maybe, ShortText } from '../media/request-fields.ts'
import { sendSound } from '../media/send-sound.ts'
import { TEXT_TO_SPEECH } from './inference-paths.ts'

const schema = {
  tags: ['elevenlabs'],
  summary: 'Speak a text with a voice',
  params: Type.Object({ voiceId: Type.String({ minLength: 1, maxLength: 512 }) }),
  querystring: ModelQuery,
  body: Type.Object({
    text: Type.String({ minLength: 1, maxLength: 1_000_000 }),
    model_id: maybe(ModelName),
    language_code: maybe(ShortText),
  }),
  response: { 200: Type.Unknown({ contentMediaType: 'audio/wav', description: 'the sound' }) },
}

export const textToSpeech: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, { media, calls, registry }) => {
  for (const url of TEXT_TO_SPEECH.urls) {
    app.post(url, { schema, config: TEXT_TO_SPEECH.config }, async (request, reply) => {
      const { text, model_id, language_code: language } = request.body
      const { voiceId: voice } = request.params
      const model = chooseModel(registry, 'tts', [model_id, request.query.model])
      return await calls.run(reply, { endpoint: 'speech', model }, async ({ signal }) => {
        const file = await media.speak({ model, text, voice, ...(language ? { language } : {}) }, { signal })
        return await sendSound(reply, file, 'wav')
      })
    })
  }
}
