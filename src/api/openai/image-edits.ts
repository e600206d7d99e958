import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { AppError } from '../../base/errors.ts'
import { chooseModel } from '../choose-model.ts'
import { FileField, fileIn, filesIn, numberIn } from '../media/form-fields.ts'
import { MadePictures, renderPictures } from '../media/made-pictures.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { pictureSize } from '../media/picture-size.ts'
import { LongText, ModelName, ModelQuery, ShortText } from '../media/request-fields.ts'
import { IMAGE_EDITS } from './media-paths.ts'

const MAX_PICTURES = 16
const DEFAULT_STEPS = 25
const DEFAULT_SIZE = { width: 512, height: 512 }

const ImageEditRequest = Type.Object({
  model: Type.Optional(ModelName),
  prompt: Type.Optional(LongText),
  negative_prompt: Type.Optional(LongText),
  /** Several: the first is edited, the others are shown to the model. */
  image: Type.Optional(FileField),
  mask: Type.Optional(FileField),
  n: Type.Optional(ShortText),
  size: Type.Optional(ShortText),
  steps: Type.Optional(ShortText),
  seed: Type.Optional(ShortText),
  response_format: Type.Optional(Type.Enum(['', 'url', 'b64_json'])),
})

const schema = {
  tags: ['images'],
  summary: 'Paint a part of a picture anew',
  consumes: ['multipart/form-data'],
  body: ImageEditRequest,
  querystring: ModelQuery,
  response: { 200: MadePictures },
}

export const imageEdits: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, { media, calls, registry }) => {
  for (const url of IMAGE_EDITS.urls) {
    app.post(url, { schema, config: IMAGE_EDITS.config }, async (request, reply) => {
      const { body, query } = request
      const image = fileIn(body.image)
      if (image === undefined) throw missing('image')
      const mask = fileIn(body.mask)
      if (mask === undefined) throw missing('mask')
      const { prompt, negative_prompt: negativePrompt } = body
      if (prompt === undefined || prompt === '') {
        throw new AppError('request.invalid', 'prompt is required', { details: { param: 'prompt' } })
      }
      const seed = numberIn(body.seed, { param: 'seed', minimum: 0, maximum: 2 ** 31 - 1 })
      const asked = {
        prompt,
        ...(negativePrompt === undefined ? {} : { negativePrompt }),
        ...pictureSize(body.size, DEFAULT_SIZE),
        steps: numberIn(body.steps, { param: 'steps', minimum: 1, maximum: 1000 }) ?? DEFAULT_STEPS,
        ...(seed === undefined ? {} : { seed }),
        count: numberIn(body.n, { param: 'n', minimum: 1, maximum: MAX_PICTURES }) ?? 1,
        source: { image: image.bytes, mask: mask.bytes },
        references: filesIn(body.image)
          .slice(1)
          .map(({ bytes }) => bytes),
      }
      const model = chooseModel(registry, 'image', [body.model, query.model])
      return await calls.run(reply, { endpoint: 'image', model }, async ({ signal }) => {
        const files = await media.generateImages({ ...asked, model }, { signal })
        const base64 = body.response_format === 'b64_json'
        return await renderPictures(request, files, { folder: 'generated-images', base64 })
      })
    })
  }
}

function missing(param: 'image' | 'mask'): AppError {
  return new AppError('request.invalid', `missing ${param} file`, { details: { param } })
}
