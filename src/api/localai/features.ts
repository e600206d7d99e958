import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

/** LocalAI's two, and behind them ours: what the web interface has a page for, by the route that the page asks. */
const ROUTES = {
  agents: ['GET', '/api/agents'],
  mcp: ['POST', '/mcp/v1/chat/completions'],
  load: ['POST', '/backend/load'],
  gallery: ['GET', '/api/models'],
  backends: ['GET', '/api/backends'],
  settings: ['GET', '/api/settings'],
  logs: ['GET', '/api/logs'],
  metrics: ['GET', '/api/metrics/series'],
  plan: ['GET', '/api/p2p/plan'],
} as const

const names = Object.keys(ROUTES) as (keyof typeof ROUTES)[]
const Features = Type.Object(
  Object.fromEntries(names.map((name) => [name, Type.Boolean()])) as Record<keyof typeof ROUTES, Type.TBoolean>,
)
const schema = { tags: ['system'], summary: 'What this node has beyond inference', response: { 200: Features } }

export const features: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/api/features', { schema }, async () => {
    const has = (name: keyof typeof ROUTES): boolean => {
      const [method, url] = ROUTES[name]
      return app.hasRoute({ method, url })
    }
    return Object.fromEntries(names.map((name) => [name, has(name)])) as Record<keyof typeof ROUTES, boolean>
  })
}
