import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { clientGone } from '../client-gone.ts'
import { GalleryModel, GallerySource, toGalleryModel, toGallerySource } from './gallery-model.ts'
import { type ManagementDeps, versioned } from './management-deps.ts'

const tags = ['models']

/** What can be installed by name. */
export const modelsGallery: FastifyPluginAsyncTypebox<Pick<ManagementDeps, 'models' | 'catalog'>> = async (
  app,
  { models, catalog },
) => {
  for (const url of versioned('/models/available')) {
    const schema = { tags, summary: 'Models of the galleries', response: { 200: Type.Array(GalleryModel) } }
    app.get(url, { schema }, async (_request, reply) =>
      (await models.list({ signal: clientGone(reply) })).map(toGalleryModel),
    )
  }
  for (const url of versioned('/models/galleries')) {
    const schema = { tags, summary: 'The galleries of models', response: { 200: Type.Array(GallerySource) } }
    app.get(url, { schema }, async () => catalog.galleries().map(toGallerySource))
  }
}
