import { AppError } from '../../base/errors.ts'
import type { Target } from '../choose-target.ts'
import { DIALECTS } from '../dialects.ts'
import type { Addressee } from '../requests/sampling-fields.ts'

/** Whom a request for this model is for. Throws `upstream.unreachable` while nobody knows what the server has. */
export function addresseeOf({ upstream, model }: Target): Addressee {
  const { findings } = upstream
  if (findings === undefined || model === undefined)
    throw new AppError('upstream.unreachable', `upstream ${upstream.name} was not reached yet`)
  return { upstream: upstream.name, model: model.id, dialect: DIALECTS[findings.kind] }
}
