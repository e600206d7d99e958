import type { ErrorCode } from '../../base/errors.ts'
import type { ResponseError } from '../../responses/resource.ts'
import { type ErrorAnswer, toAppError, toErrorAnswer } from '../error-response.ts'

/** LocalAI's shape for Open Responses; `code` is always there and always empty. */
interface ResponseErrorBody {
  readonly error: ResponseError
}

/** For `POST /v1/responses`. */
export function toCreateError(answer: ErrorAnswer): ResponseErrorBody {
  const { code, message, param } = answer
  if (code === 'model.not-found') return body(answer, 'invalid_request', 'model configuration not found')
  if (answer.status >= 500) return body(answer, typeOfFailure(answer), failureText(answer))
  if (code === 'request.not-found' || code === 'network.model-not-found') return body(answer, 'not_found', message)
  const isInput = code === 'request.invalid' || code === 'request.unsupported'
  if (isInput && (param === null || param.startsWith('input'))) {
    return body(answer, 'invalid_request', `failed to parse input: ${message}`)
  }
  return body(answer, isInput && param !== 'background' ? 'invalid_request' : 'invalid_request_error', message)
}

/** For everything that speaks of a response by its id. */
export function toLookUpError(answer: ErrorAnswer): ResponseErrorBody {
  if (answer.status >= 500) return body(answer, 'server_error', answer.message)
  return body(answer, answer.status === 404 ? 'not_found' : 'invalid_request_error', answer.message)
}

export function toEventsError(answer: ErrorAnswer): ResponseErrorBody {
  if (answer.code !== 'internal') return toLookUpError(answer)
  return body(answer, 'server_error', `failed to get events: ${answer.message}`)
}

/** A failure as it stands in a response, or in its stream. */
export function describeFailure(error: unknown, requestId: string): ResponseError {
  const answer = toErrorAnswer(toAppError(error), requestId)
  return { ...toCreateError(answer).error, code: answer.status >= 500 ? 'server_error' : 'invalid_prompt' }
}

function body({ param }: ErrorAnswer, type: string, message: string): ResponseErrorBody {
  return { error: { type, message, code: '', param: param ?? '' } }
}

function typeOfFailure({ code }: ErrorAnswer): string {
  return isOfModel(code) || code === 'mcp.failed' ? 'model_error' : 'server_error'
}

/** The model was at work, or could not even be brought to work. */
function failureText({ code, message }: ErrorAnswer): string {
  if (!isOfModel(code)) return message
  const working = code === 'backend.failed' || code === 'backend.died'
  return `${working ? 'prediction failed' : 'model inference failed'}: ${message}`
}

function isOfModel(code: ErrorCode): boolean {
  return code.startsWith('backend.') || code.startsWith('model.')
}
