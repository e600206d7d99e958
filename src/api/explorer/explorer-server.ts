import type { FastifyInstance } from 'fastify'
import type { Startable } from '../../base/lifecycle.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { addErrorAnswers } from '../error-answers.ts'
import { createHttpApp } from '../http-app.ts'
import { type ApiServer, createListeningServer } from '../listening-server.ts'
import { health } from '../localai/health.ts'
import { urlWithoutPrefix } from '../media/base-url.ts'
import { addRequestLog } from '../request-log.ts'
import { createShutdown } from '../shutdown.ts'
import { assetRoutes, type ExplorerAssets } from './assets.ts'
import type { ExplorerDeps, ExplorerInit } from './explorer-deps.ts'
import { networkRoutes } from './network-routes.ts'
import { addNotFoundPage, pageRoutes } from './page-routes.ts'
import { addRateLimits, RATE_LIMITS, type RateLimits, type RateLimitsDeps } from './rate-limits.ts'

export interface ExplorerServerDeps extends ExplorerDeps, Pick<RateLimitsDeps, 'netOf'> {
  readonly assets: ExplorerAssets
  readonly log: Logger
}

export interface ExplorerServerInit extends ExplorerInit {
  readonly address: string
  readonly shutdownTimeoutMs: number
  readonly trustForwardedFor: boolean
  readonly limits?: RateLimits
}

/** A token of the largest size, with a description. */
const BODY_LIMIT_BYTES = 96 * 1024

/** Scripts, styles and pictures of the explorer's own files and nothing else; no frame around it, no form to elsewhere. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The explorer's HTTP face: open to everybody, so everything in it is bounded. */
export function createExplorerServer(deps: ExplorerServerDeps, init: ExplorerServerInit): ApiServer & Startable {
  const { log, assets } = deps
  const shutdown = createShutdown({ timeoutMs: init.shutdownTimeoutMs })
  const { stopping } = shutdown
  const app = createHttpApp({ uploadLimitBytes: BODY_LIMIT_BYTES }, { rewriteUrl: urlWithoutPrefix })
  addErrorAnswers(app, { log })
  addHeaders(app)
  addRequestLog(app, { metrics: { httpAnswered() {} }, log, stopping, counted: () => true }, {})
  const { limits = RATE_LIMITS, trustForwardedFor } = init
  addRateLimits(app, { now: () => performance.now(), netOf: deps.netOf }, { limits, trustForwardedFor })
  addNotFoundPage(app, { assetVersion: assets.version, version: init.version })
  addBodies(app)
  app.register(health, { startingBecause: () => undefined, stopping, draining: () => false })
  app.register(assetRoutes, { assets })
  app.register(networkRoutes, deps)
  app.register(pageRoutes, { deps: { ...deps, assetVersion: assets.version }, init })
  return createListeningServer({ app, shutdown, log }, init)
}

function addHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'Content-Security-Policy': PAGE_POLICY,
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
    })
  })
}

/** As LocalAI's explorer every body is read as JSON, whatever it says it is; one that is none is `undefined`. */
function addBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, body: string | Buffer) => {
    try {
      return JSON.parse(String(body)) as unknown
    } catch {
      return undefined
    }
  })
}
