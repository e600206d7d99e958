import { AppError } from '../../base/errors.ts'

export function invalid(param: string, message: string): AppError {
  return new AppError('request.invalid', message, { details: { param } })
}

export function unsupported(param: string, message: string): AppError {
  return new AppError('request.unsupported', message, { details: { param } })
}
