import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { UpstreamReport } from '../../upstreams/upstream-report.ts'

export interface UpstreamsDeps {
  readonly upstreams: { report(): readonly UpstreamReport[] } | undefined
}

const Capability = Type.Object({
  id: Type.String({
    description: 'As the server calls it; here it is NAME/id, and id where no other model has that name',
  }),
  capabilities: Type.Array(Type.String()),
  source: Type.Union([Type.Literal('told'), Type.Literal('tried'), Type.Literal('guessed')], {
    description: 'How the capabilities are known: the server says so, they were tried, or the name says it',
  }),
  contextSize: Type.Optional(Type.Integer()),
  created: Type.Optional(Type.Integer()),
})

const Report = Type.Object({
  name: Type.String(),
  url: Type.String(),
  hasKey: Type.Boolean(),
  state: Type.Union([Type.Literal('connecting'), Type.Literal('up'), Type.Literal('down')]),
  problem: Type.Optional(Type.String()),
  kind: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  models: Type.Array(Capability),
  running: Type.Integer({ description: 'Requests of this node that run there' }),
  slots: Type.Integer({ description: 'Answers that it gives at the same time' }),
  slotsKnown: Type.Boolean({ description: 'The server says so itself; else it was learned' }),
  restsMs: Type.Optional(Type.Integer({ description: 'It wants no more requests for so long' })),
})

const schema = {
  tags: ['upstreams'],
  summary: 'The servers that are attached to this node, and what was found there',
  response: { 200: Type.Object({ upstreams: Type.Array(Report) }) },
}

/** Ours: everything that `local-ai upstreams` shows. */
export const upstreamRoutes: FastifyPluginAsync<UpstreamsDeps> = async (app, { upstreams }) => {
  app.get('/api/upstreams', { schema, config: { access: 'admin' } }, async () => ({
    upstreams: upstreams?.report() ?? [],
  }))
}
