import type { ErrorAnswer } from '../error-response.ts'
import type { ErrorBody } from './response-schema.ts'

/** OpenAI's error shape with all four fields, whatever the error. */
export function toErrorBody({
  status,
  message,
  param,
  code,
}: Partial<ErrorAnswer> & Omit<ErrorAnswer, 'code'>): ErrorBody {
  return { error: { code: status, message, type: typeOf(status, code), param } }
}

function typeOf(status: number, code: ErrorAnswer['code'] | undefined): string {
  if (code === 'model.disabled') return 'model_disabled'
  if (status >= 500) return 'server_error'
  return status === 403 ? 'authorization_error' : 'invalid_request_error'
}
