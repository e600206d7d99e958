import { AppError, type ErrorCode } from '../../base/errors.ts'
import { NOT_STARTED_HEADER } from '../routed-request.ts'

/** Value of `NOT_STARTED_HEADER` when the reason lies in the node, and will be there for the next request. */
const UNWELL = 'unwell'

/** Its backends do not come up. Not having a model, or being busy, is no illness. */
const ILLNESSES: ReadonlySet<ErrorCode> = new Set([
  'backend.start-failed',
  'backend.start-timeout',
  'backend.cooling-down',
  'backend.load-failed',
  'content.storage-failed',
  'config.invalid',
])

/** What a serving node puts into `NOT_STARTED_HEADER`. */
export function toNotStarted(code: ErrorCode): string {
  return ILLNESSES.has(code) ? UNWELL : '1'
}

/** Why a node has not begun, as far as it says that it is not well. */
export function illnessOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Error | undefined {
  if (headers[NOT_STARTED_HEADER] !== UNWELL) return undefined
  return new AppError('backend.start-failed', 'the node says that its backend does not come up')
}

export function isIllness(cause: Error | undefined): boolean {
  return cause instanceof AppError && ILLNESSES.has(cause.code)
}
