import type { ErrorAnswer } from '../error-response.ts'
import type { ErrorBody } from './response-schema.ts'

/** OpenAI's error shape with all four fields, whatever the error. */
export function toErrorBody({ status, message, param }: ErrorAnswer): ErrorBody {
  return { error: { code: status, message, type: status >= 500 ? 'server_error' : 'invalid_request_error', param } }
}
