import type { AppError } from '../../base/errors.ts'
import { toErrorAnswer } from '../error-response.ts'
import { toErrorBody } from './errors.ts'

/** Ends every stream of this dialect, also one that failed. */
export const DONE = 'data: [DONE]\n\n'

/** The status line has long been sent: the error becomes an event of the stream. */
export function renderStreamError(error: AppError, requestId: string): string {
  return `data: ${JSON.stringify(toErrorBody(toErrorAnswer(error, requestId)))}\n\n`
}
