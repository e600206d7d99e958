import type { AppError, ErrorCode } from '../../base/errors.ts'
import { type ErrorAnswer, toErrorAnswer } from '../error-response.ts'
import type { ErrorBody } from './response-schema.ts'
import { toEventText } from './stream-event.ts'

/** The model could not be made ready. */
const BEFORE_PREDICTION: ReadonlySet<ErrorCode> = new Set([
  'model.config-invalid',
  'model.file-invalid',
  'backend.not-found',
  'backend.build-failed',
  'backend.start-failed',
  'backend.start-timeout',
  'backend.load-failed',
])

const IN_PREDICTION: ReadonlySet<ErrorCode> = new Set(['backend.died', 'backend.failed'])

/** Anthropic's error shape, with the words of LocalAI's error table. */
export function toErrorBody(answer: Omit<ErrorAnswer, 'param'>): ErrorBody {
  return { type: 'error', error: { type: typeOf(answer.status), message: messageOf(answer) } }
}

/** The status line has long been sent: the error becomes the last event of the stream. */
export function toErrorEvent(error: AppError, requestId: string): string {
  return toEventText(toErrorBody(toErrorAnswer(error, requestId)))
}

function messageOf({ code, message }: Pick<ErrorAnswer, 'code' | 'message'>): string {
  if (code === 'model.not-found') return 'model configuration not found'
  if (BEFORE_PREDICTION.has(code)) return `model inference failed: ${message}`
  return IN_PREDICTION.has(code) ? `prediction failed: ${message}` : message
}

const TYPES: ReadonlyMap<number, ErrorBody['error']['type']> = new Map([
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [503, 'overloaded_error'],
])

function typeOf(status: number): ErrorBody['error']['type'] {
  return TYPES.get(status) ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
}
