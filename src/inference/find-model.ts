import { AppError } from '../base/errors.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { ModelRegistry } from '../models/model-registry.ts'

/** The model's configuration, or the error that tells the caller where to look. */
export function findModel(registry: Pick<ModelRegistry, 'find'>, name: string): ModelConfig {
  const config = registry.find(name)
  if (config?.disabled === true) {
    throw new AppError('model.disabled', `model "${name}" is disabled`, { details: { model: name } })
  }
  if (config !== undefined) return config
  throw new AppError('model.not-found', `model "${name}" not found. To see available models, call GET /v1/models`, {
    details: { model: name },
  })
}
