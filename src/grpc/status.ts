import { type Metadata, status } from '@grpc/grpc-js'
import { AppError, type ErrorCode } from '../base/errors.ts'
import { writeTrailers } from './trailers.ts'

/** What grpc-js sends as the end of a failed call. */
export interface CallFailure {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata
}

const STATUS_BY_CODE: Partial<Readonly<Record<ErrorCode, status>>> = {
  'request.invalid': status.INVALID_ARGUMENT,
  'request.unsupported': status.INVALID_ARGUMENT,
  'request.too-large': status.INVALID_ARGUMENT,
  'request.context-exceeded': status.INVALID_ARGUMENT,
  'request.cancelled': status.CANCELLED,
  'model.not-found': status.FAILED_PRECONDITION,
  'model.config-invalid': status.INVALID_ARGUMENT,
  'model.file-invalid': status.FAILED_PRECONDITION,
  'model.busy': status.UNAVAILABLE,
  'backend.load-failed': status.FAILED_PRECONDITION,
  'backend.cooling-down': status.UNAVAILABLE,
  'backend.died': status.UNAVAILABLE,
  'backend.unsupported': status.UNIMPLEMENTED,
  'node.overloaded': status.RESOURCE_EXHAUSTED,
  'node.stopping': status.UNAVAILABLE,
}

/** The server's side of a failure: a status any gRPC client understands, and our own code in a trailer. */
export function toCallFailure(thrown: unknown): CallFailure {
  const error = AppError.from(thrown, 'backend.failed')
  return {
    code: STATUS_BY_CODE[error.code] ?? status.INTERNAL,
    details: error.message,
    metadata: writeTrailers({ errorCode: error.code }),
  }
}
