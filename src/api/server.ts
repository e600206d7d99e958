import type { FastifyRequest } from 'fastify'
import type { ModelLoader } from '../backends/model-lease.ts'
import type { Stores } from '../inference/stores/stores.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { AccessDeps } from './access/access.ts'
import { tellServed } from './explain.ts'
import { createHttpApp } from './http-app.ts'
import { addInferenceRoutes, type InferenceDeps, type InferenceInit } from './inference-routes.ts'
import { type ApiServer, createListeningServer } from './listening-server.ts'
import { backendMonitor } from './localai/backend-monitor.ts'
import { addManagementRoutes, type ManagementRoutesDeps } from './localai/management-routes.ts'
import { mcpServers } from './localai/mcp-servers.ts'
import type { NodeState } from './localai/node-state.ts'
import { type ModelPlans, modelPlans } from './localai/p2p-plan.ts'
import { type ResourcesDeps, resources } from './localai/resources.ts'
import { type NodeSettingsAccess, settingsRoutes } from './localai/settings.ts'
import { stores } from './localai/stores.ts'
import { system } from './localai/system.ts'
import { type UpstreamsDeps, upstreamRoutes } from './localai/upstreams.ts'
import { urlWithoutPrefix } from './media/base-url.ts'
import { addPublicRoutes, type NetworkDeps, type PublicInit, type WatchedDeps } from './public-routes.ts'
import type { Lag } from './refuse-new-work.ts'
import { createShutdown } from './shutdown.ts'

export interface ApiServerDeps extends InferenceDeps, NetworkDeps, WatchedDeps {
  readonly tracing?: Tracing | undefined
  readonly access: AccessDeps
  readonly registry: Pick<ModelRegistry, 'find' | 'list' | 'fallback'>
  readonly loader: ModelLoader
  readonly stores: Stores
  readonly state: NodeState
  /** Absent: nothing can be set over the network. */
  readonly settings?: NodeSettingsAccess | undefined
  /** Absent: models and backends are not managed over HTTP. */
  readonly management?: ManagementRoutesDeps | undefined
  readonly resources?: Omit<ResourcesDeps, 'registry'>
  /** Absent: no servers are attached. */
  readonly upstreams?: UpstreamsDeps['upstreams']
  /** Absent: models are on this machine alone. */
  readonly plans?: ModelPlans | undefined
  /** Absent: it is never too much for this process. */
  readonly lag?: Lag
  readonly log: Logger
}

export interface ApiServerInit extends PublicInit, InferenceInit {}

/** The HTTP face of the node: OpenAI's and LocalAI's routes. */
export function createApiServer(deps: ApiServerDeps, init: ApiServerInit): ApiServer {
  const { registry, loader, state, log } = deps
  const shutdown = createShutdown({ timeoutMs: init.shutdownTimeoutMs })
  const app = createHttpApp(init, { rewriteUrl: urlWithoutPrefix })
  const startingBecause = () => state.startingBecause()
  // A node that drains still sends to others what its clients ask for.
  const whyRefused = () => (deps.lag?.late === true ? 'lag' : undefined)
  const counted = (request: FastifyRequest) => calls.counted(request)
  addPublicRoutes(app, { ...deps, shutdown, startingBecause, whyRefused, counted }, init)
  const metrics = tellServed(deps.metrics, deps.explainer)
  const calls = addInferenceRoutes(app, { ...deps, metrics, giveUp: shutdown.giveUp }, init)
  app.register(stores, { stores: deps.stores, calls })
  app.register(system, { loader, state })
  if (deps.settings !== undefined) app.register(settingsRoutes, { settings: deps.settings })
  app.register(backendMonitor, { loader, registry })
  app.register(upstreamRoutes, { upstreams: deps.upstreams })
  if (deps.plans !== undefined) app.register(modelPlans, { plans: deps.plans, giveUp: shutdown.giveUp })
  if (deps.mcp !== undefined) app.register(mcpServers, { mcp: deps.mcp, registry })
  if (deps.management !== undefined) addManagementRoutes(app, deps.management)
  if (deps.resources !== undefined) app.register(resources, { ...deps.resources, registry })
  return createListeningServer({ app, shutdown, log }, init)
}
