import type { ModelLease, ModelLoader } from '../../backends/model-lease.ts'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { ModelConfig } from '../../models/model-config.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { UseCase } from '../../models/use-cases.ts'
import type { ContentStore } from '../content/content-store.ts'
import { findModel } from '../find-model.ts'
import { useModel } from '../use-model.ts'
import { abilityOf, installHint } from './use-case-hint.ts'

export interface ModelDeps {
  readonly registry: Pick<ModelRegistry, 'find'>
  readonly loader: Pick<ModelLoader, 'acquire'>
}

export interface MediaDeps extends ModelDeps {
  readonly content: ContentStore
}

/** The backend that LocalAI takes for a model that names none. */
const USUAL_BACKENDS: Partial<Readonly<Record<UseCase, string>>> = {
  image: 'stablediffusion-ggml',
  transcript: 'whisper',
}

/**
 * A model's configuration for what is asked of it. Throws `model.not-found`, and `request.unsupported` for a text model
 * that is asked for pictures or sounds: it is not even loaded.
 */
export function findModelFor({ registry }: Pick<ModelDeps, 'registry'>, model: string, useCase: UseCase): ModelConfig {
  const config = findModel(registry, model)
  const able = config.knownUseCases.includes(useCase)
  const isGguf = /\.gguf$/i.test(config.modelFile)
  if (config.backend === undefined && (able || !isGguf)) {
    const backend = USUAL_BACKENDS[useCase]
    return backend === undefined ? config : { ...config, backend }
  }
  const textOnly = config.backend === 'llama-cpp' || config.backend === undefined
  if (able || !textOnly) return config
  throw cannot(model, useCase)
}

/** Borrows the model for one call; when its backend is missing or cannot do it, the error says what to install. */
export async function useModelFor<T>(
  deps: ModelDeps,
  { model, useCase }: { readonly model: string; readonly useCase: UseCase },
  options: AbortOptions & { readonly use: (lease: ModelLease, config: ModelConfig) => Promise<T> },
): Promise<T> {
  const config = findModelFor(deps, model, useCase)
  try {
    const use = async (lease: ModelLease): Promise<T> => await options.use(lease, config)
    return await useModel(deps.loader, config, { ...options, use })
  } catch (error) {
    throw withHint(error, { config, useCase })
  }
}

/** The failure in words that tell what to install, where that helps. */
export function withHint(
  error: unknown,
  { config, useCase }: { readonly config: ModelConfig; readonly useCase: UseCase },
): unknown {
  if (!(error instanceof AppError)) return error
  const { details } = error
  if (error.code === 'backend.unsupported') return cannot(config.name, useCase, error)
  if (error.code !== 'backend.not-found') return error
  const wanted = config.backend
  const help =
    wanted === undefined
      ? installHint(useCase)
      : `install it with "local-ai backends install ${wanted}", or another one: ${installHint(useCase)}`
  return new AppError('backend.not-found', `${error.message}. To ${abilityOf(useCase)}, ${help}`, {
    details,
    cause: error,
  })
}

function cannot(model: string, useCase: UseCase, cause?: unknown): AppError {
  const hint = installHint(useCase)
  return new AppError(
    'request.unsupported',
    `model "${model}" cannot ${abilityOf(useCase)}${hint === '' ? '' : `: ${hint}`}`,
    { details: { param: 'model' }, cause },
  )
}
