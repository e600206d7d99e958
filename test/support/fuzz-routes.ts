import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import type { FastifyInstance, RouteOptions } from 'fastify'
import type { ErrorShape } from '../../src/api/error-shape.ts'
import { toErrorBody } from '../../src/api/openai/errors.ts'

/** A route as the app itself has it. */
export interface FuzzRoute {
  readonly method: string
  readonly url: string
  /** JSON schemas, as far as the route declares them. */
  readonly body: unknown
  readonly querystring: unknown
  readonly takesForm: boolean
  readonly shape: ErrorShape
}

export interface FoundApp {
  readonly routes: readonly FuzzRoute[]
  readonly server: Server
}

/** All routes of the apps that `work` makes, however deep their plugins lie: the framework tells of every app it makes. */
export async function findRoutes<T>(work: () => Promise<T>): Promise<{ readonly made: T; readonly apps: FoundApp[] }> {
  const apps: FoundApp[] = []
  const onApp = (message: unknown): void => {
    const { fastify } = message as { readonly fastify: FastifyInstance }
    const routes: FuzzRoute[] = []
    apps.push({ routes, server: fastify.server as Server })
    fastify.addHook('onRoute', (route) => void routes.push(...describe(route)))
  }
  subscribe('fastify.initialization', onApp)
  try {
    return { made: await work(), apps }
  } finally {
    unsubscribe('fastify.initialization', onApp)
  }
}

function describe({ method, url, schema, config }: RouteOptions): readonly FuzzRoute[] {
  return [method].flat().map((name) => ({
    method: name,
    url,
    body: schema?.body,
    querystring: schema?.querystring,
    takesForm: config?.form === true,
    shape: config?.errorShape ?? toErrorBody,
  }))
}
