import type { IncomingMessage, ServerResponse } from 'node:http'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { AccessInit } from './access/access.ts'
import { answerUnroutableBlankly } from './access/opaque-errors.ts'
import type { BodyBudget } from './body-budget.ts'
import { answerBrokenRequest, answerUnroutable } from './error-answers.ts'
import type { urlWithoutPrefix } from './media/base-url.ts'
import { requestIdOf } from './request-log.ts'
import { createSchemaController } from './validation.ts'

/** Bounds for clients that are slow, silent or many. An answer may take as long as it likes: only requests are timed. */
export const HTTP_LIMITS = {
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5000,
  /** A client that reads nothing of what waits for it is gone after this long. */
  stallTimeoutMs: 120_000,
  maxHeaderSize: 16 * 1024,
  maxConnections: 8192,
} as const

export interface HttpAppInit {
  /** The largest body of one request. */
  readonly uploadLimitBytes: number
  /** For the bodies of all requests together. */
  readonly bodyBudget?: BodyBudget
  readonly access?: Pick<AccessInit, 'opaqueErrors'>
}

/** What one face of the node does otherwise than the others. */
export interface HttpAppParts {
  readonly clientErrorHandler?: NonNullable<FastifyServerOptions['clientErrorHandler']>
  /** Default: Node's own. */
  readonly response?: typeof ServerResponse
  /** Whose connection another protocol takes over; who else asks for that gets an ordinary answer. Default: nobody's. */
  readonly shouldUpgrade?: (request: IncomingMessage) => boolean
  /** What is routed, where it is not just the URL: without the prefix of a reverse proxy, for clients. */
  readonly rewriteUrl?: typeof urlWithoutPrefix
}

/** The framework, set up as every HTTP face of the node needs it; no routes yet. */
export function createHttpApp(
  { uploadLimitBytes, access }: HttpAppInit,
  { clientErrorHandler, response, shouldUpgrade = () => false, rewriteUrl }: HttpAppParts = {},
): FastifyInstance {
  const opaque = access?.opaqueErrors === true
  const app = fastify({
    logger: false,
    bodyLimit: uploadLimitBytes,
    genReqId: requestIdOf,
    requestTimeout: HTTP_LIMITS.requestTimeout,
    keepAliveTimeout: HTTP_LIMITS.keepAliveTimeout,
    http: {
      headersTimeout: HTTP_LIMITS.headersTimeout,
      connectionsCheckingInterval: HTTP_LIMITS.connectionsCheckingInterval,
      maxHeaderSize: HTTP_LIMITS.maxHeaderSize,
      noDelay: true,
      shouldUpgradeCallback: shouldUpgrade,
      ...(response === undefined ? {} : { ServerResponse: response }),
    },
    ...(rewriteUrl === undefined ? {} : { rewriteUrl }),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    // Requests that arrive while stopping get our own answer.
    return503OnClosing: false,
    schemaController: createSchemaController(),
    clientErrorHandler: clientErrorHandler ?? ((error, socket) => answerBrokenRequest(error, socket, { opaque })),
    frameworkErrors: opaque ? answerUnroutableBlankly : answerUnroutable,
  })
  // Their bytes are bounded. Versions of Node that bound their number as well may drop the rest unseen, and what a
  // browser or a proxy says of itself would be among it.
  app.server.maxHeadersCount = 0
  return app
}
