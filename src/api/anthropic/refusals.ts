import { AppError } from '../../base/errors.ts'

/** The request is wrong in the field `param`. */
export function invalid(param: string, message: string): AppError {
  return new AppError('request.invalid', message, { details: { param } })
}

/** The request is right, and this node cannot do it. */
export function unsupported(param: string, message: string): AppError {
  return new AppError('request.unsupported', message, { details: { param } })
}
