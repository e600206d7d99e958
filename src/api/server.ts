import type { ModelLoader } from '../backends/model-lease.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { AccessDeps } from './access/access.ts'
import { createHttpApp } from './http-app.ts'
import { addInferenceRoutes, type InferenceDeps, type InferenceInit } from './inference-routes.ts'
import { type ApiServer, createListeningServer } from './listening-server.ts'
import { backendMonitor } from './localai/backend-monitor.ts'
import type { NodeState } from './localai/node-state.ts'
import { system } from './localai/system.ts'
import { addPublicRoutes, type NetworkDeps, type PublicInit } from './public-routes.ts'
import { createShutdown } from './shutdown.ts'

export interface ApiServerDeps extends InferenceDeps, NetworkDeps {
  readonly access: AccessDeps
  readonly registry: Pick<ModelRegistry, 'find' | 'list' | 'fallback'>
  readonly loader: ModelLoader
  readonly state: NodeState
  readonly log: Logger
}

export interface ApiServerInit extends PublicInit, InferenceInit {}

/** The HTTP face of the node: OpenAI's and LocalAI's routes. */
export function createApiServer(deps: ApiServerDeps, init: ApiServerInit): ApiServer {
  const { registry, loader, state, log } = deps
  const shutdown = createShutdown({ timeoutMs: init.shutdownTimeoutMs })
  const app = createHttpApp(init)
  const startingBecause = () => state.startingBecause()
  addPublicRoutes(app, { ...deps, shutdown, startingBecause, counted: (request) => calls.counted(request) }, init)
  const calls = addInferenceRoutes(app, { ...deps, giveUp: shutdown.giveUp }, init)
  app.register(system, { loader, state })
  app.register(backendMonitor, { loader, registry })
  return createListeningServer({ app, shutdown, log }, init)
}
