import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import type { ModelLoader } from '../backends/model-lease.ts'
import { AppError } from '../base/errors.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { Chat } from '../inference/chat.ts'
import type { Complete } from '../inference/complete.ts'
import type { Embed } from '../inference/embed.ts'
import type { Detokenize, Tokenize } from '../inference/tokenize.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createCalls } from './calls.ts'
import { addErrorAnswers, answerBrokenRequest, answerUnroutable } from './error-answers.ts'
import { addJsonBody } from './json-body.ts'
import { type ListenAddress, parseListenAddress, toListenError } from './listen-address.ts'
import { backendMonitor } from './localai/backend-monitor.ts'
import { health } from './localai/health.ts'
import { metricsRoute } from './localai/metrics.ts'
import type { NodeState } from './localai/node-state.ts'
import { system } from './localai/system.ts'
import { tokenizeRoutes } from './localai/tokenize.ts'
import { version } from './localai/version.ts'
import { chatCompletions } from './openai/chat-completions.ts'
import { completions } from './openai/completions.ts'
import { embeddings } from './openai/embeddings.ts'
import { models } from './openai/models.ts'
import { addRequestLog, requestIdOf } from './request-log.ts'
import type { EventStreamLimits } from './sse.ts'
import { createSchemaController } from './validation.ts'

export interface ApiServerDeps {
  readonly chat: Chat
  readonly complete: Complete
  readonly embed: Embed
  readonly tokenize: Tokenize
  readonly detokenize: Detokenize
  readonly registry: Pick<ModelRegistry, 'find' | 'list' | 'fallback'>
  readonly loader: ModelLoader
  readonly metrics: Metrics
  readonly state: NodeState
  readonly log: Logger
}

export interface ApiServerInit {
  /** `:8080`, `host:port` or `[::1]:8080`; port 0 takes any free one. */
  readonly address: string
  /** As `GET /version` tells it: `v0.1.0 (abcdef)`. */
  readonly version: string
  readonly uploadLimitBytes: number
  /** How long running requests may go on after `stop`. */
  readonly shutdownTimeoutMs: number
  /** Value of the `Machine-Tag` header of every answer. */
  readonly machineTag?: string
  /** `GET /metrics`. Default: yes. */
  readonly metricsEndpoint?: boolean
  /** Inference requests that may run or wait at the same time; more get 503. Default 1024. */
  readonly maxInFlight?: number
  readonly streamLimits?: EventStreamLimits
}

export interface ApiServer extends Startable {
  /** Where it listens; only between `start` and `stop`. */
  address(): { readonly host: string; readonly port: number }
}

const STREAM_LIMITS: EventStreamLimits = { keepAliveMs: 15_000, stallTimeoutMs: 120_000 }
const MAX_IN_FLIGHT = 1024

/** Bounds for clients that are slow, silent or many. An answer may take as long as it likes: only requests are timed. */
const HTTP_LIMITS = {
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 16 * 1024,
  maxConnections: 8192,
} as const

/** What is still open this long after the running requests were told to end is cut. */
const CUT_AFTER_MS = 1000

/** The HTTP face of the node: OpenAI's and LocalAI's routes. */
export function createApiServer(deps: ApiServerDeps, init: ApiServerInit): ApiServer {
  const giveUp = new AbortController()
  let stopped: Promise<void> | undefined
  const app = createApp(init)
  addRoutes(app, deps, { init, giveUp: giveUp.signal, stopping: () => stopped !== undefined })

  async function shutDown(): Promise<void> {
    const { shutdownTimeoutMs } = init
    const stopping = new AppError('node.stopping', 'the node is shutting down')
    const end = setTimeout(() => giveUp.abort(stopping), shutdownTimeoutMs)
    const cut = setTimeout(() => app.server.closeAllConnections(), shutdownTimeoutMs + CUT_AFTER_MS)
    try {
      await app.close()
    } finally {
      clearTimeout(end)
      clearTimeout(cut)
    }
  }

  return {
    async start({ signal } = {}) {
      signal?.throwIfAborted()
      app.server.maxConnections = HTTP_LIMITS.maxConnections
      const address = parseListenAddress(init.address)
      await listen(app, address)
      deps.log.info({ address: boundTo(app) }, 'HTTP API is listening')
    },
    async stop() {
      stopped ??= shutDown()
      await stopped
    },
    address: () => boundTo(app),
  }
}

function createApp(init: ApiServerInit): FastifyInstance {
  return fastify({
    logger: false,
    bodyLimit: init.uploadLimitBytes,
    genReqId: requestIdOf,
    requestTimeout: HTTP_LIMITS.requestTimeout,
    keepAliveTimeout: HTTP_LIMITS.keepAliveTimeout,
    http: {
      headersTimeout: HTTP_LIMITS.headersTimeout,
      connectionsCheckingInterval: HTTP_LIMITS.connectionsCheckingInterval,
      maxHeaderSize: HTTP_LIMITS.maxHeaderSize,
      noDelay: true,
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    // Requests that arrive while stopping get our own answer.
    return503OnClosing: false,
    schemaController: createSchemaController(),
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: answerUnroutable,
  })
}

function addRoutes(
  app: FastifyInstance,
  deps: ApiServerDeps,
  life: { readonly init: ApiServerInit; readonly giveUp: AbortSignal; readonly stopping: () => boolean },
): void {
  const { registry, loader, metrics, state, log } = deps
  const { init, giveUp, stopping } = life
  const calls = createCalls({ metrics, registry, giveUp, log }, { maxInFlight: init.maxInFlight ?? MAX_IN_FLIGHT })
  const generation = {
    calls,
    registry,
    streamLimits: init.streamLimits ?? STREAM_LIMITS,
    fingerprint: `local-ai ${init.version}`,
  }
  addErrorAnswers(app, { log })
  addRequestLog(app, { metrics, log, stopping, counted: calls.counted }, init)
  addJsonBody(app)
  app.register(chatCompletions, { ...generation, chat: deps.chat })
  app.register(completions, { ...generation, complete: deps.complete })
  app.register(embeddings, { calls, registry, embed: deps.embed })
  app.register(tokenizeRoutes, { calls, registry, tokenize: deps.tokenize, detokenize: deps.detokenize })
  app.register(models, { registry })
  app.register(system, { loader, state })
  app.register(backendMonitor, { loader, registry })
  app.register(version, { version: init.version })
  app.register(health, { state, stopping })
  if (init.metricsEndpoint !== false) app.register(metricsRoute, { metrics })
}

/** No host means every address, IPv6 and IPv4; machines without IPv6 have the second only. */
async function listen(app: FastifyInstance, address: ListenAddress): Promise<void> {
  const { host, port } = address
  try {
    if (host !== undefined) await app.listen({ host, port })
    else {
      await app.listen({ host: '::', port }).catch(async (error: unknown) => {
        if (!isWithoutIpv6(error)) throw error
        await app.listen({ host: '0.0.0.0', port })
      })
    }
  } catch (error) {
    throw toListenError(error, address)
  }
}

function isWithoutIpv6(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL')
}

function boundTo(app: FastifyInstance): { readonly host: string; readonly port: number } {
  const address: AddressInfo | string | null = app.server.address()
  if (address === null || typeof address === 'string') throw new AppError('internal', 'the HTTP API is not listening')
  return { host: address.address, port: address.port }
}
