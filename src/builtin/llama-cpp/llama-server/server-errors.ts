import { AppError } from '../../../base/errors.ts'
import { isObject } from '../../../base/json.ts'

/** An error answer of llama-server in our words. Pure. */
export function toServerError(status: number, body: string): AppError {
  return fromErrorObject(parseError(body), `llama-server answered ${status}`)
}

/** The `error` object that llama-server puts in an answer or in a stream. */
export function fromErrorObject(error: unknown, fallback: string): AppError {
  if (!isObject(error)) return new AppError('backend.failed', fallback)
  const message = typeof error['message'] === 'string' ? error['message'] : fallback
  const { n_prompt_tokens: promptTokens, n_ctx: contextSize } = error
  switch (error['type']) {
    case 'exceed_context_size_error':
      return new AppError(
        'request.context-exceeded',
        `the prompt has ${String(promptTokens)} tokens, the context ${String(contextSize)}`,
        { details: { promptTokens: Number(promptTokens), contextSize: Number(contextSize) } },
      )
    case 'invalid_request_error':
      if (/grammar/i.test(message)) return new AppError('request.invalid', 'the grammar does not parse as GBNF')
      return new AppError('request.invalid', message)
    case 'not_supported_error':
      return new AppError('backend.unsupported', message)
    default:
      return tooLong(message) ?? new AppError('backend.failed', message)
  }
}

/** A text to embed must fit in one pass; llama-server calls it a server error when it does not. */
function tooLong(message: string): AppError | undefined {
  const [, promptTokens, contextSize] = /input \((\d+) tokens\) is too large.*?batch size: (\d+)/s.exec(message) ?? []
  if (promptTokens === undefined || contextSize === undefined) return undefined
  return new AppError('request.context-exceeded', `the text has ${promptTokens} tokens, the context ${contextSize}`, {
    details: { promptTokens: Number(promptTokens), contextSize: Number(contextSize) },
  })
}

function parseError(body: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body)
    return isObject(parsed) ? parsed['error'] : undefined
  } catch {
    return undefined
  }
}
