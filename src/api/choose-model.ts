import { AppError } from '../base/errors.ts'
import { installHint } from '../inference/media/use-case-hint.ts'
import type { ModelRegistry } from '../models/model-registry.ts'

/** The first name given, else the model this node uses when none is named. */
export function chooseModel(
  registry: Pick<ModelRegistry, 'fallback'>,
  useCase: Parameters<ModelRegistry['fallback']>[0],
  names: readonly (string | null | undefined)[],
): string {
  const named = names.find((name) => name !== undefined && name !== null && name !== '')
  const chosen = named ?? registry.fallback(useCase)?.name
  if (chosen !== undefined && chosen !== null) return chosen
  const hint = installHint(useCase)
  throw new AppError(
    'request.invalid',
    `model is required: no model for ${useCase} is configured on this node${hint === '' ? '' : `; ${hint}`}`,
    { details: { param: 'model' } },
  )
}
