import type { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { ModelOptions } from '../grpc/generated/backend/ModelOptions.ts'
import type { ModelConfig } from '../models/model-config.ts'

/** Where a model's layers go, and what that takes; given back when the model leaves memory or was not loaded. */
export interface ModelPlacement extends AsyncDisposable {
  /** Before all else in the environment of the backend's process. */
  readonly environment: Readonly<Record<string, string>>
  /** Before what the model's config says. */
  readonly options: Partial<ModelOptions>
  /** Settles when the model cannot go on where it is, with the reason. Absent: it is on this machine alone. */
  readonly lost?: Promise<AppError>
}

/** Decides at load time; undefined: on this machine alone. Throws `model.does-not-fit` and what leasing throws. */
export type PlaceModel = (config: ModelConfig, options: Required<AbortOptions>) => Promise<ModelPlacement | undefined>
