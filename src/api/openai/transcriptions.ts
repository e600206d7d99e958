import { extname } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { TranscriptEvent, TranscriptionRequest } from '../../inference/media/transcribe.ts'
import { chooseModel } from '../choose-model.ts'
import { fileIn, isOn, numberIn } from '../media/form-fields.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { ModelQuery } from '../media/request-fields.ts'
import { type EventStreamFormat, sendEventStream } from '../sse.ts'
import { TRANSCRIPTIONS, TRANSLATIONS } from './media-paths.ts'
import { DONE, renderStreamError } from './stream-end.ts'
import { renderTranscript, type TextFormat } from './transcript-formats.ts'
import { PlainTranscript, TranscriptionForm, toVerboseTranscript, VerboseTranscript } from './transcript-schema.ts'

const schema = {
  tags: ['audio'],
  summary: 'Write speech down',
  consumes: ['multipart/form-data'],
  body: TranscriptionForm,
  querystring: ModelQuery,
  response: { 200: Type.Union([VerboseTranscript, PlainTranscript, Type.String()]) },
}

const ROUTES = [
  ...TRANSCRIPTIONS.urls.map((url) => ({ url, config: TRANSCRIPTIONS.config, intoEnglish: false })),
  ...TRANSLATIONS.urls.map((url) => ({ url, config: TRANSLATIONS.config, intoEnglish: true })),
]

export const transcriptions: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, deps) => {
  const { media, calls, registry, streamLimits: limits } = deps
  for (const { url, config, intoEnglish } of ROUTES) {
    app.post(url, { schema, config }, async (request, reply) => {
      const { body, query } = request
      const format = formatOf(body.response_format)
      const asked = toTranscriptionRequest(body, { translate: intoEnglish || isOn(body.translate) })
      const model = chooseModel(registry, 'transcript', [body.model, query.model])
      return await calls.run(reply, { endpoint: 'transcription', model }, async (call) => {
        const { signal } = call
        if (isOn(body.stream)) {
          const events = media.transcribeStreaming({ ...asked, model }, { signal })
          const failure = await sendEventStream(reply, events, { format: streamFormat(request.id), limits, signal })
          if (failure !== undefined) call.failed(failure)
          return reply
        }
        const transcript = await media.transcribe({ ...asked, model }, { signal })
        if (format === 'json') return { text: transcript.text }
        if (format === 'verbose_json') return toVerboseTranscript(transcript, asked)
        return reply.type('text/plain; charset=utf-8').send(renderTranscript(transcript, format))
      })
    })
  }
}

function toTranscriptionRequest(
  body: TranscriptionForm,
  { translate }: { readonly translate: boolean },
): Omit<TranscriptionRequest, 'model'> {
  const file = fileIn(body.file)
  if (file === undefined) {
    throw new AppError('request.invalid', 'file is required: send multipart/form-data with the sound in it', {
      details: { param: 'file' },
    })
  }
  const temperature = numberIn(body.temperature, { param: 'temperature', minimum: 0, maximum: 2, whole: false })
  const { language, prompt, timestamp_granularities: granularities = [] } = body
  const ending = extname(file.filename).slice(1).toLowerCase()
  return {
    audio: file.bytes,
    ending: /^[a-z0-9]{1,8}$/.test(ending) ? ending : 'wav',
    translate,
    diarize: isOn(body.diarize),
    granularities: typeof granularities === 'string' ? [granularities] : granularities,
    ...(language === undefined ? {} : { language }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(temperature === undefined ? {} : { temperature }),
  }
}

/** LocalAI answers with everything when nothing is said. */
function formatOf(wanted: string | undefined): 'json' | 'verbose_json' | TextFormat {
  switch (wanted) {
    case undefined:
    case '':
    case 'verbose_json':
      return 'verbose_json'
    case 'txt':
      return 'text'
    case 'json':
    case 'text':
    case 'srt':
    case 'vtt':
    case 'lrc':
      return wanted
    default:
      throw new AppError('request.invalid', 'invalid response_format', { details: { param: 'response_format' } })
  }
}

function streamFormat(requestId: string): EventStreamFormat<TranscriptEvent> {
  const event = (value: object): string => `data: ${JSON.stringify(value)}\n\n`
  return {
    opening: '',
    render: (part) =>
      part.type === 'delta'
        ? event({ type: 'transcript.text.delta', delta: part.text })
        : event({ type: 'transcript.text.done', text: part.transcript.text }),
    fail: (error) => renderStreamError(error, requestId),
    closing: () => DONE,
  }
}
