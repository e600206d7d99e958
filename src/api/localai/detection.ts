import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { chooseModel } from '../choose-model.ts'
import { imageBytes } from '../media/image-bytes.ts'
import type { MediaRouteDeps } from '../media/media-deps.ts'
import { LongText, ModelName, ModelQuery, maybe } from '../media/request-fields.ts'
import { DETECTION } from './media-paths.ts'

const Coordinates = maybe(Type.Array(Type.Number(), { maxItems: 4096 }))

const Detected = Type.Object({
  /** Pixels. */
  x: Type.Number(),
  y: Type.Number(),
  width: Type.Number(),
  height: Type.Number(),
  class_name: Type.String(),
  confidence: Type.Optional(Type.Number()),
  /** A PNG as base64. */
  mask: Type.Optional(Type.String()),
})

const schema = {
  tags: ['images'],
  summary: 'Find objects in a picture',
  body: Type.Object({
    model: maybe(ModelName),
    /** Base64, or a data URI of it. */
    image: Type.String({ minLength: 1 }),
    prompt: maybe(LongText),
    points: Coordinates,
    boxes: Coordinates,
    threshold: maybe(Type.Number({ minimum: 0, maximum: 1 })),
  }),
  querystring: ModelQuery,
  response: { 200: Type.Object({ detections: Type.Array(Detected) }) },
}

export const detection: FastifyPluginAsyncTypebox<MediaRouteDeps> = async (app, { media, calls, registry }) => {
  for (const url of DETECTION.urls) {
    app.post(url, { schema, config: DETECTION.config }, async (request, reply) => {
      const { body, query } = request
      const { prompt, points, boxes, threshold } = body
      const image = imageBytes(body.image, 'image')
      const model = chooseModel(registry, 'detection', [body.model, query.model])
      const asked = {
        model,
        image,
        ...(prompt ? { prompt } : {}),
        ...(points ? { points } : {}),
        ...(boxes ? { boxes } : {}),
        ...(threshold ? { threshold } : {}),
      }
      return await calls.run(reply, { endpoint: 'detection', model }, async ({ signal }) => {
        const found = await media.detectObjects(asked, { signal })
        return {
          detections: found.map(({ className, mask, ...place }) => ({
            ...place,
            class_name: className,
            ...(mask === undefined ? {} : { mask: Buffer.from(mask).toString('base64') }),
          })),
        }
      })
    })
  }
}
