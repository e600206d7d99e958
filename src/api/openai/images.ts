import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type, { type Static } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { ContentFile } from '../../inference/content/content-store.ts'
import type { ImageRequest } from '../../inference/media/generate-images.ts'
import { chooseModel } from '../choose-model.ts'
import { imageBytes } from '../media/image-bytes.ts'
import { MadePictures, renderPictures } from '../media/made-pictures.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { pictureSize } from '../media/picture-size.ts'
import { LongText, ModelName, ModelQuery, maybe, ShortText } from '../media/request-fields.ts'
import { IMAGES } from './media-paths.ts'

const MAX_PICTURES = 16
const MAX_REFERENCES = 16
const DEFAULT_STEPS = 15
const DEFAULT_SIZE = { width: 512, height: 512 }

const ImageGenerationRequest = Type.Object({
  model: maybe(ModelName),
  prompt: Type.Union([LongText, Type.Array(LongText, { minItems: 1, maxItems: MAX_PICTURES })]),
  negative_prompt: maybe(LongText),
  n: maybe(Type.Integer({ minimum: 1, maximum: MAX_PICTURES })),
  size: maybe(ShortText),
  response_format: maybe(Type.Enum(['url', 'b64_json'])),
  step: maybe(Type.Integer({ minimum: 0, maximum: 1000 })),
  /** A number is a count of steps; OpenAI's words mean nothing here. */
  quality: maybe(ShortText),
  seed: maybe(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
  /** Base64 or a data URI of the picture to begin with. */
  file: maybe(Type.String()),
  files: maybe(Type.Array(Type.String(), { maxItems: MAX_REFERENCES })),
  ref_images: maybe(Type.Array(Type.String(), { maxItems: MAX_REFERENCES })),
  clip_skip: maybe(Type.Integer({ minimum: 0, maximum: 100 })),
})
type ImageGenerationRequest = Static<typeof ImageGenerationRequest>

const schema = {
  tags: ['images'],
  summary: 'Make pictures from words',
  body: ImageGenerationRequest,
  querystring: ModelQuery,
  response: { 200: MadePictures },
}

export const images: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, { media, calls, registry }) => {
  for (const url of IMAGES.urls) {
    app.post(url, { schema, config: IMAGES.config }, async (request, reply) => {
      const { body, query } = request
      const asked = toImageRequests(body)
      const model = chooseModel(registry, 'image', [body.model, query.model])
      return await calls.run(reply, { endpoint: 'image', model }, async ({ signal }) => {
        const files: ContentFile[] = []
        for (const one of asked) files.push(...(await media.generateImages({ ...one, model }, { signal })))
        return await renderPictures(request, files, {
          folder: 'generated-images',
          base64: body.response_format === 'b64_json',
        })
      })
    })
  }
}

/** One for each prompt. */
function toImageRequests(body: ImageGenerationRequest): readonly Omit<ImageRequest, 'model'>[] {
  const prompts = typeof body.prompt === 'string' ? [body.prompt] : body.prompt
  const count = body.n ?? 1
  if (prompts.length * count > MAX_PICTURES) {
    throw new AppError('request.invalid', `at most ${MAX_PICTURES} pictures can be made at once`, {
      details: { param: 'n' },
    })
  }
  const { file, seed, clip_skip: clipSkip } = body
  const references = [...(body.files ?? []), ...(body.ref_images ?? [])]
  const common = {
    ...pictureSize(body.size, DEFAULT_SIZE),
    steps: stepsOf(body),
    count,
    references: references.map((text) => imageBytes(text, 'ref_images')),
    ...(typeof seed === 'number' ? { seed } : {}),
    ...(typeof clipSkip === 'number' ? { clipSkip } : {}),
    ...(typeof file === 'string' && file !== '' ? { source: { image: imageBytes(file, 'file') } } : {}),
  }
  return prompts.map((prompt) => ({ ...common, ...splitPrompt(prompt, body.negative_prompt) }))
}

/** What stands behind the first `|` is what must not be in the picture. */
function splitPrompt(text: string, negative: string | null | undefined) {
  const bar = text.indexOf('|')
  const unwanted = negative || (bar === -1 ? '' : text.slice(bar + 1).trim())
  return {
    prompt: bar === -1 ? text : text.slice(0, bar).trim(),
    ...(unwanted === '' ? {} : { negativePrompt: unwanted }),
  }
}

function stepsOf({ step, quality }: ImageGenerationRequest): number {
  const wanted = /^\d{1,3}$/.test(quality ?? '') ? Number(quality) : step
  return wanted || DEFAULT_STEPS
}
