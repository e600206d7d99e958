import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify'
import type { TSchema } from 'typebox'

/** What a route says of itself. */
export interface DescribedRoute {
  readonly method: string
  readonly url: string
  readonly schema: FastifySchema
  readonly config: FastifyContextConfig
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The data of every event, when the route can answer with an event stream (`[DONE]` apart). */
    events?: TSchema
  }
}

/** Remembers every route that is added from now on. It costs nothing until somebody wants to read of them. */
export function collectRoutes(app: FastifyInstance): readonly DescribedRoute[] {
  const routes: DescribedRoute[] = []
  app.addHook('onRoute', ({ method, url, schema = {}, config = {} }) => {
    for (const one of [method].flat()) {
      // Nobody has to be told of those: HEAD follows from GET, and OPTIONS is for browsers.
      if (one !== 'HEAD' && one !== 'OPTIONS') routes.push({ method: one, url, schema, config })
    }
  })
  return routes
}
