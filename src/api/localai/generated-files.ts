import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { type ContentKind, type ContentStore, isContentName } from '../../inference/content/content-store.ts'
import type { InferencePaths } from '../inference-route.ts'
import { GENERATED_AUDIO, GENERATED_IMAGES, GENERATED_VIDEOS, noSuchFile } from './media-paths.ts'

export interface GeneratedFilesDeps {
  readonly content: Pick<ContentStore, 'folderOf'>
}

const ROUTES: readonly (readonly [kind: ContentKind, paths: InferencePaths])[] = [
  ['image', GENERATED_IMAGES],
  ['audio', GENERATED_AUDIO],
  ['video', GENERATED_VIDEOS],
]

const schema = {
  tags: ['files'],
  summary: 'A file that a backend has made',
  params: Type.Object({ file: Type.String({ minLength: 1, maxLength: 512 }) }),
  response: { 200: Type.Unknown({ contentMediaType: 'application/octet-stream', description: 'the file' }) },
}

/** Whoever may use the API may have the files of which it knows the names; LocalAI gives them to everybody. */
export const generatedFiles: FastifyPluginAsyncTypebox<GeneratedFilesDeps> = async (app, { content }) => {
  // Every file is sent from a folder that is named with it. This one only has to be there: a node must start without any.
  await app.register(fastifyStatic, { root: import.meta.dirname, serve: false })
  for (const [kind, { urls, config }] of ROUTES) {
    for (const url of urls) {
      app.get(url, { schema, config }, async (request, reply) => {
        const { file } = request.params
        if (!isContentName(file) || !file.startsWith(`${kind}_`)) throw noSuchFile()
        reply.header('X-Content-Type-Options', 'nosniff').header('Cache-Control', 'private')
        return await reply.sendFile(file, content.folderOf(kind), { cacheControl: false, index: false })
      })
    }
  }
}
