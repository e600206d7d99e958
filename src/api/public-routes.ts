import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Explainer } from '../federation/explain/create-explainer.ts'
import type { NetworkModel, RequestRouter } from '../federation/routed-request.ts'
import type { Jobs } from '../gallery/jobs/create-jobs.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { LogHistory } from '../telemetry/log-history.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { MetricsSeries } from '../telemetry/metrics-series.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import { type AccessDeps, type AccessInit, addAccess } from './access/access.ts'
import { addBodyBudget, type BodyBudget, withinHeap } from './body-budget.ts'
import { addErrorAnswers } from './error-answers.ts'
import { addExplanations } from './explain.ts'
import { type Forwarding, type ServeOrForwardDeps, serveOrForward } from './forwarding/serve-or-forward.ts'
import type { HttpAppInit } from './http-app.ts'
import { STREAM_LIMITS } from './inference-routes.ts'
import { addJsonBody } from './json-body.ts'
import { authRoutes } from './localai/auth.ts'
import { type Drain, drainRoutes } from './localai/drain.ts'
import { features } from './localai/features.ts'
import { federationRequests } from './localai/federation-requests.ts'
import { health } from './localai/health.ts'
import { logs } from './localai/logs.ts'
import { metricsRoute } from './localai/metrics.ts'
import { metricsSeries } from './localai/metrics-series.ts'
import { p2pRoutes } from './localai/p2p.ts'
import type { PeerToPeer } from './localai/p2p-nodes.ts'
import { swaggerRoutes } from './localai/swagger.ts'
import { version } from './localai/version.ts'
import { models } from './openai/models.ts'
import { createOpenApiDocument } from './openapi-document.ts'
import { collectRoutes } from './openapi-routes.ts'
import { type RefuseNewWorkDeps, refuseNewWork } from './refuse-new-work.ts'
import { addRequestLog, type RequestLogInit } from './request-log.ts'
import type { Shutdown } from './shutdown.ts'
import type { EventStreamLimits } from './sse.ts'
import { addStamps } from './stamp.ts'
import { addTracing } from './tracing.ts'
import { events } from './ui/events.ts'
import { createLiveFeed, LIVE_FEED_DEFAULTS } from './ui/live-feed.ts'
import { pageKeyRoutes } from './ui/page-key.ts'
import { addUiPages } from './ui/ui-pages.ts'

/** The private network, as far as the API shows and uses it. Without any of it the node is alone. */
export interface NetworkDeps {
  /** Lets other nodes answer what this one does not. */
  readonly router?: RequestRouter
  /** Requests that wait for a free node. */
  readonly waiting?: () => number
  /** The models of the other nodes. */
  readonly networkModels?: () => readonly NetworkModel[]
  readonly p2p?: PeerToPeer
  /** Why requests went where they went. */
  readonly explainer?: Explainer
  /** Absent: the node is never taken out of service but by its end. */
  readonly drain?: Drain
}

export interface PublicInit extends HttpAppInit, RequestLogInit {
  /** `:8080`, `host:port` or `[::1]:8080`; port 0 takes any free one. */
  readonly address: string
  /** As `GET /version` tells it: `v0.1.0 (abcdef)`. */
  readonly version: string
  /** How the program is started, for pages that say what to type: `local-ai`, `npm start --`. Default: `local-ai`. */
  readonly program?: string
  /** How long running requests may go on after `stop`. */
  readonly shutdownTimeoutMs: number
  /** `GET /metrics`. Default: yes. */
  readonly metricsEndpoint?: boolean
  /** The web interface, and the routes that only web pages ask. Default: yes. */
  readonly webUi?: boolean
  readonly streamLimits?: EventStreamLimits
  readonly access?: AccessInit
  /** How long a user's API key lasts when its maker does not say. Absent: for ever. */
  readonly accountKeyExpiryMs?: number | undefined
  /** Requests that may be on their way through this node to others at the same time; more get 503. Default 8192. */
  readonly maxForwarded?: number
}

/** What the process says of itself. */
export interface WatchedDeps {
  /** Absent: nobody reads the log over HTTP. */
  readonly logHistory?: LogHistory | undefined
  /** Absent: there are no charts. */
  readonly series?: MetricsSeries | undefined
}

interface PublicDeps extends NetworkDeps, WatchedDeps {
  /** Absent: no traces are made. */
  readonly tracing?: Tracing | undefined
  readonly access: AccessDeps
  readonly registry: Pick<ModelRegistry, 'list' | 'find'>
  readonly metrics: Metrics
  /** Installations and removals. Absent: nothing is managed over HTTP. */
  readonly management?: { readonly jobs: Pick<Jobs, 'list'> } | undefined
  readonly log: Pick<Logger, 'info' | 'debug' | 'warn' | 'error'>
  readonly shutdown: Shutdown
  readonly startingBecause: () => string | undefined
  readonly whyRefused: RefuseNewWorkDeps['whyRefused']
  /** Requests that work on this node has counted. */
  readonly counted: (request: FastifyRequest) => boolean
}

const MAX_FORWARDED = 8192
/** No bound per address: many clients come through one proxy. */
const BODY_BUDGET: BodyBudget = { totalBytes: withinHeap(1024 ** 3) }

/** What a node and an entry have in common: everything but the inference routes. */
export function addPublicRoutes(app: FastifyInstance, deps: PublicDeps, init: PublicInit): Forwarding {
  const { registry, metrics, log, p2p, networkModels, shutdown, startingBecause, counted } = deps
  const { stopping } = shutdown
  const routes = collectRoutes(app)
  addErrorAnswers(app, { log })
  addRequestLog(
    app,
    { metrics, log, stopping, counted: (request) => counted(request) || forwarding.passedOn(request) },
    init,
  )
  if (init.webUi !== false) addUiPages(app)
  const { callerOf, identityOf, mayManage } = addAccess(app, { ...deps.access, log }, init.access)
  addStamps(app, { toMembers: false })
  if (deps.tracing !== undefined) addTracing(app, deps.tracing)
  refuseNewWork(app, deps)
  addBodyBudget(app, { ...(init.bodyBudget ?? BODY_BUDGET), bodyLimitBytes: init.uploadLimitBytes })
  if (deps.explainer !== undefined) addExplanations(app, deps.explainer)
  const forwarding = addBodies(app, { ...deps, callerOf }, init)
  const ownName = () => p2p?.status().name
  app.register(models, { registry, network: networkModels && { models: networkModels, ownName } })
  app.register(authRoutes, { ...deps.access, identityOf, keyExpiryMs: init.accountKeyExpiryMs })
  if (init.webUi !== false) app.register(pageKeyRoutes, deps.access)
  app.register(version, { version: init.version })
  app.register(features)
  app.register(swaggerRoutes, { document: () => createOpenApiDocument(routes, init) })
  app.register(health, { startingBecause, stopping, draining: () => deps.drain?.draining === true })
  const { streamLimits = STREAM_LIMITS } = init
  app.register(federationRequests, { explainer: deps.explainer, streamLimits, stopping: shutdown.begun })
  if (init.webUi !== false) {
    const feed = createLiveFeed(
      { ...deps, jobs: deps.management?.jobs },
      { ...LIVE_FEED_DEFAULTS, version: init.version, program: init.program ?? 'local-ai' },
    )
    app.register(events, { feed, mayManage, streamLimits, stopping: shutdown.begun })
  }
  app.register(p2pRoutes, { p2p, webUi: init.webUi ?? true })
  app.register(drainRoutes, { drain: deps.drain })
  if (init.metricsEndpoint !== false) app.register(metricsRoute, { metrics, p2p, waiting: deps.waiting })
  addWatched(app, { ...deps, streamLimits }, init)
  return forwarding
}

function addWatched(
  app: FastifyInstance,
  { logHistory, series, streamLimits, shutdown }: PublicDeps & { readonly streamLimits: EventStreamLimits },
  { metricsEndpoint = true }: PublicInit,
): void {
  if (logHistory !== undefined) app.register(logs, { history: logHistory, streamLimits, stopping: shutdown.begun })
  if (series !== undefined && metricsEndpoint) app.register(metricsSeries, { series })
}

/** Where other nodes may answer, the bodies of inference requests are kept as they came. */
function addBodies(
  app: FastifyInstance,
  { router, registry, metrics, callerOf, shutdown }: PublicDeps & Pick<ServeOrForwardDeps, 'callerOf'>,
  { maxForwarded = MAX_FORWARDED, streamLimits = STREAM_LIMITS }: PublicInit,
): Forwarding {
  if (router === undefined) {
    addJsonBody(app, () => false)
    return { passedOn: () => false, onTheWay: () => 0 }
  }
  const readJson = addJsonBody(app, (request) => request.routeOptions.config.inference !== undefined)
  const { stallTimeoutMs } = streamLimits
  const deps = { router, registry, metrics, readJson, callerOf, giveUp: shutdown.giveUp }
  return serveOrForward(app, deps, { maxForwarded, stallTimeoutMs })
}
