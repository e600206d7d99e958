import type { FastifyPluginAsync } from 'fastify'

export interface VersionDeps {
  /** `v0.1.0 (abcdef)` */
  readonly version: string
}

export const version: FastifyPluginAsync<VersionDeps> = async (app, deps) => {
  app.get('/version', async () => ({ version: deps.version }))
}
