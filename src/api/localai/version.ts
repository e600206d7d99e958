import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'

export interface VersionDeps {
  /** `v0.1.0 (abcdef)` */
  readonly version: string
}

const schema = {
  tags: ['system'],
  summary: 'The version of this node',
  response: { 200: Type.Object({ version: Type.String() }) },
}

export const version: FastifyPluginAsync<VersionDeps> = async (app, deps) => {
  app.get('/version', { schema }, async () => ({ version: deps.version }))
}
