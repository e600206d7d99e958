import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type, { type Static } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { VideoRequest } from '../../inference/media/generate-video.ts'
import { chooseModel } from '../choose-model.ts'
import { imageBytes } from '../media/image-bytes.ts'
import { MadePictures, renderPictures } from '../media/made-pictures.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { pictureSize } from '../media/picture-size.ts'
import { LongText, ModelName, ModelQuery, maybe, ShortText } from '../media/request-fields.ts'
import { VIDEO } from './media-paths.ts'

const DEFAULT_PIXELS = 512
const DEFAULT_FRAMES_PER_SECOND = 16
const MAX_FRAMES = 100_000

const Pixels = maybe(Type.Integer({ minimum: 0, maximum: 8192 }))
const Picture = maybe(Type.String())

const VideoBody = Type.Object({
  model: maybe(ModelName),
  prompt: LongText,
  negative_prompt: maybe(LongText),
  /** Base64, or a data URI of it. */
  start_image: Picture,
  end_image: Picture,
  /** OpenAI's name for `start_image`. */
  input_reference: Picture,
  width: Pixels,
  height: Pixels,
  size: maybe(ShortText),
  num_frames: maybe(Type.Integer({ minimum: 0, maximum: MAX_FRAMES })),
  fps: maybe(Type.Integer({ minimum: 0, maximum: 1000 })),
  seconds: maybe(Type.Union([Type.Number({ minimum: 0, maximum: 3600 }), ShortText])),
  seed: maybe(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
  cfg_scale: maybe(Type.Number({ minimum: 0, maximum: 1000 })),
  step: maybe(Type.Integer({ minimum: 0, maximum: 1000 })),
  response_format: maybe(Type.Enum(['url', 'b64_json'])),
})
type VideoBody = Static<typeof VideoBody>

const schema = {
  tags: ['video'],
  summary: 'Make a video from words',
  body: VideoBody,
  querystring: ModelQuery,
  response: { 200: MadePictures },
}

export const video: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, { media, calls, registry }) => {
  for (const url of VIDEO.urls) {
    app.post(url, { schema, config: VIDEO.config }, async (request, reply) => {
      const { body, query } = request
      const asked = toVideoRequest(body)
      const model = chooseModel(registry, 'video', [body.model, query.model])
      return await calls.run(reply, { endpoint: 'video', model }, async ({ signal }) => {
        const file = await media.generateVideo({ ...asked, model }, { signal })
        const base64 = body.response_format === 'b64_json'
        return await renderPictures(request, [file], { folder: 'generated-videos', base64 })
      })
    })
  }
}

function toVideoRequest(body: VideoBody): Omit<VideoRequest, 'model'> {
  const { prompt, negative_prompt: negativePrompt, seed, cfg_scale: guidance, step: steps } = body
  const start = body.start_image || body.input_reference
  const end = body.end_image
  const size = { width: body.width || DEFAULT_PIXELS, height: body.height || DEFAULT_PIXELS }
  return {
    prompt,
    ...pictureSize(body.size, size),
    ...lengthOf(body),
    ...(negativePrompt ? { negativePrompt } : {}),
    ...(start ? { startImage: imageBytes(start, 'start_image') } : {}),
    ...(end ? { endImage: imageBytes(end, 'end_image') } : {}),
    ...(typeof seed === 'number' ? { seed } : {}),
    ...(guidance ? { guidance } : {}),
    ...(steps ? { steps } : {}),
  }
}

/** Frames as asked for, or as many as the seconds need; nothing said is the backend's choice. */
function lengthOf({ num_frames, fps, seconds }: VideoBody): Pick<VideoRequest, 'frames' | 'framesPerSecond'> {
  const length = Number(seconds ?? 0)
  if (!(length >= 0 && length <= 3600)) {
    throw new AppError('request.invalid', 'seconds must be a number from 0 to 3600', { details: { param: 'seconds' } })
  }
  const framesPerSecond = fps || (length > 0 ? DEFAULT_FRAMES_PER_SECOND : 0)
  const frames = num_frames || Math.min(MAX_FRAMES, Math.round(length * framesPerSecond))
  return { frames, framesPerSecond }
}
