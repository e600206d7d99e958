import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { SpeechPiece, SpeechRequest } from '../../inference/media/speak.ts'
import { chooseModel } from '../choose-model.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { LongText, ModelName, ModelQuery, maybe, ShortText } from '../media/request-fields.ts'
import { sendBytes } from '../media/send-bytes.ts'
import { type SoundFormat, sendSound, soundFormat } from '../media/send-sound.ts'
import { wavHead } from '../media/wav.ts'
import { SPEECH } from './media-paths.ts'

const SpeechBody = Type.Object({
  model: maybe(ModelName),
  input: Type.String({ minLength: 1, maxLength: 1_000_000 }),
  /** A name, or OpenAI's object with an id. */
  voice: maybe(Type.Union([ShortText, Type.Object({ id: ShortText })])),
  language: maybe(ShortText),
  instructions: maybe(LongText),
  response_format: maybe(ShortText),
  stream: maybe(Type.Boolean()),
  stream_format: maybe(Type.Enum(['audio', 'sse'])),
})

const schema = {
  tags: ['audio'],
  summary: 'Speak a text',
  body: SpeechBody,
  querystring: ModelQuery,
  response: { 200: Type.Unknown({ contentMediaType: 'audio/wav', description: 'the sound' }) },
}

export const speech: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, deps) => {
  const { media, calls, registry, streamLimits } = deps
  for (const url of SPEECH.urls) {
    app.post(url, { schema, config: SPEECH.config }, async (request, reply) => {
      const { body, query } = request
      const format = soundFormat(body.response_format)
      if (body.stream_format === 'sse') {
        throw new AppError('request.unsupported', 'speech is streamed as audio, not as events', {
          details: { param: 'stream_format' },
        })
      }
      const { input, voice, language, instructions } = body
      const model = chooseModel(registry, 'tts', [body.model, query.model])
      const asked: SpeechRequest = {
        model,
        text: input,
        ...(voice ? { voice: typeof voice === 'string' ? voice : voice.id } : {}),
        ...(language ? { language } : {}),
        ...(instructions ? { instructions } : {}),
      }
      return await calls.run(reply, { endpoint: 'speech', model }, async (call) => {
        const { signal } = call
        if (body.stream !== true) return await sendSound(reply, await media.speak(asked, { signal }), format)
        const failure = await sendBytes(reply, toBytes(media.speakStreaming(asked, { signal }), format), {
          contentType: format === 'wav' ? 'audio/wav' : 'audio/pcm',
          signal,
          stallTimeoutMs: streamLimits.stallTimeoutMs,
        })
        if (failure !== undefined) call.failed(failure)
        return reply
      })
    })
  }
}

async function* toBytes(pieces: AsyncIterable<SpeechPiece>, format: SoundFormat): AsyncGenerator<Uint8Array, void> {
  for await (const piece of pieces) {
    if ('samples' in piece) yield piece.samples
    else if (format === 'wav') yield wavHead(piece.sampleRate)
  }
}
