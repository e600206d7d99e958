import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type, { type Static } from 'typebox'
import type { SoundRequest } from '../../inference/media/make-sound.ts'
import { chooseModel } from '../choose-model.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { LongText, ModelName, ModelQuery, maybe, ShortText } from '../media/request-fields.ts'
import { sendSound } from '../media/send-sound.ts'
import { SOUND_GENERATION } from './inference-paths.ts'

const SoundBody = Type.Object({
  text: Type.String({ minLength: 1, maxLength: 1_000_000 }),
  model_id: maybe(ModelName),
  duration_seconds: maybe(Type.Number({ minimum: 0, maximum: 3600 })),
  /** LocalAI reads it as a temperature. */
  prompt_influence: maybe(Type.Number({ minimum: 0, maximum: 100 })),
  do_sample: maybe(Type.Boolean()),
  think: maybe(Type.Boolean()),
  caption: maybe(LongText),
  lyrics: maybe(LongText),
  bpm: maybe(Type.Integer({ minimum: 0, maximum: 1000 })),
  keyscale: maybe(ShortText),
  language: maybe(ShortText),
  vocal_language: maybe(ShortText),
  timesignature: maybe(ShortText),
  instrumental: maybe(Type.Boolean()),
})

const schema = {
  tags: ['elevenlabs'],
  summary: 'Make a sound or a piece of music from words',
  body: SoundBody,
  querystring: ModelQuery,
  response: { 200: Type.Unknown({ contentMediaType: 'audio/wav', description: 'the sound' }) },
}

export const soundGeneration: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, { media, calls, registry }) => {
  for (const url of SOUND_GENERATION.urls) {
    app.post(url, { schema, config: SOUND_GENERATION.config }, async (request, reply) => {
      const { body, query } = request
      const model = chooseModel(registry, 'sound_generation', [body.model_id, query.model])
      return await calls.run(reply, { endpoint: 'sound', model }, async ({ signal }) =>
        sendSound(reply, await media.makeSound({ ...toSound(body), model }, { signal }), 'wav'),
      )
    })
  }
}

function toSound(body: Static<typeof SoundBody>): Omit<SoundRequest, 'model'> {
  const { text, ...rest } = body
  const wishes = {
    seconds: rest.duration_seconds,
    temperature: rest.prompt_influence,
    sample: rest.do_sample,
    think: rest.think,
    caption: rest.caption,
    lyrics: rest.lyrics,
    beatsPerMinute: rest.bpm,
    keyScale: rest.keyscale,
    language: rest.vocal_language ?? rest.language,
    timeSignature: rest.timesignature,
    instrumental: rest.instrumental,
  }
  const said = Object.entries(wishes).filter(([, value]) => value !== undefined && value !== null)
  return { text, ...Object.fromEntries(said) }
}
