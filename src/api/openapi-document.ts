import type { FastifySchema } from 'fastify'
import { describeAnswers } from './openapi-answers.ts'
import type { DescribedRoute } from './openapi-routes.ts'

export interface OpenApiInit {
  /** As `GET /version` tells it. */
  readonly version: string
}

/** The ways to show a key, in the order in which the node looks for one (`access/credentials.ts`). */
const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer' },
  'x-api-key': { type: 'apiKey', in: 'header', name: 'x-api-key' },
  'xi-api-key': { type: 'apiKey', in: 'header', name: 'xi-api-key' },
  session: { type: 'apiKey', in: 'cookie', name: 'session' },
  token: { type: 'apiKey', in: 'cookie', name: 'token' },
} as const
const ANY_KEY = Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] }))

/**
 * An OpenAPI 3.1 document of these routes, made from their schemas. What it takes is loaded here and not before: few
 * nodes are ever asked for it.
 */
export async function createOpenApiDocument(
  routes: readonly DescribedRoute[],
  { version }: OpenApiInit,
): Promise<object> {
  const [{ default: fastify }, { default: swagger }] = await Promise.all([
    import('fastify'),
    import('@fastify/swagger'),
  ])
  // The routes of the node are fixed by now: a second app, which answers nobody, has the same for the library to see.
  const app = fastify({ exposeHeadRoutes: false })
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => String)
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: { title: 'local-ai', version, description: 'A drop-in for LocalAI, served by the nodes of a network.' },
      components: { securitySchemes: SECURITY_SCHEMES },
      security: ANY_KEY,
    },
  })
  app.after(() => {
    for (const route of routes) {
      app.route({ method: route.method, url: route.url, schema: toSchema(route), handler: async () => undefined })
    }
  })
  await app.ready()
  try {
    return app.swagger()
  } finally {
    await app.close()
  }
}

function toSchema(route: DescribedRoute): FastifySchema {
  const { schema, config } = route
  const { tags = ['inference'], summary = 'Answered by another node of the network' } = schema
  return {
    ...schema,
    tags,
    summary,
    response: describeAnswers(route),
    ...(config.access === 'public' ? { security: [] } : {}),
    ...(config.form === true ? { consumes: ['multipart/form-data'] } : {}),
  }
}
