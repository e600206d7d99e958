import type { FastifyInstance } from 'fastify'
import { backendsRoutes } from './backends.ts'
import type { ManagementDeps } from './management-deps.ts'
import { modelsConfig } from './models-config.ts'
import { modelsGallery } from './models-gallery.ts'
import { modelsJobs } from './models-jobs.ts'
import { operations } from './operations.ts'
import { uiBackends } from './ui-backends.ts'
import { uiModelActions } from './ui-model-actions.ts'
import { uiModels } from './ui-models.ts'

export interface ManagementRoutesDeps extends ManagementDeps {
  /** LocalAI's best word for what this machine computes on. */
  readonly capability: () => Promise<string>
}

/** All routes that `--disable-gallery-endpoint` leaves out. */
export function addManagementRoutes(app: FastifyInstance, deps: ManagementRoutesDeps): void {
  app.register(modelsJobs, deps)
  app.register(modelsGallery, deps)
  app.register(modelsConfig, deps)
  app.register(backendsRoutes, deps)
  app.register(operations, deps)
  app.register(uiModels, deps)
  app.register(uiModelActions, deps)
  app.register(uiBackends, deps)
}
