/**
 * Every failure this node reports carries one of these; the prefix names the room that raises it.
 * `api/error-response.ts` maps each to an HTTP status in one exhaustive table.
 */
export type ErrorCode =
  | 'config.invalid'
  | 'request.invalid'
  | 'request.unauthorized'
  | 'request.forbidden'
  | 'request.unsupported'
  | 'request.too-large'
  | 'request.not-found'
  | 'request.conflict'
  | 'request.outdated'
  | 'request.unprocessable'
  | 'request.rate-limited'
  | 'request.context-exceeded'
  | 'request.cancelled'
  | 'model.not-found'
  | 'model.disabled'
  | 'model.config-invalid'
  | 'model.file-invalid'
  | 'model.busy'
  | 'model.loading'
  | 'model.does-not-fit'
  | 'download.refused'
  | 'download.failed'
  | 'download.checksum-mismatch'
  | 'backend.not-found'
  | 'backend.build-failed'
  | 'backend.start-failed'
  | 'backend.start-timeout'
  | 'backend.load-failed'
  | 'backend.cooling-down'
  | 'backend.died'
  | 'backend.unsupported'
  | 'backend.failed'
  | 'content.storage-failed'
  | 'storage.failed'
  | 'mcp.config-invalid'
  | 'mcp.unavailable'
  | 'mcp.failed'
  | 'token.invalid'
  | 'admission.refused'
  | 'admission.clock-skew'
  | 'peer.unreachable'
  | 'network.model-not-found'
  | 'federation.unavailable'
  | 'federation.overloaded'
  | 'worker.busy'
  | 'worker.refused'
  | 'worker.mismatch'
  | 'worker.lost'
  | 'upstream.unreachable'
  | 'upstream.failed'
  | 'node.overloaded'
  | 'node.stopping'
  | 'internal'

export interface AppErrorInit {
  readonly details?: Readonly<Record<string, string | number | boolean>>
  readonly cause?: unknown
}

/** The one error class: a closed code, a sentence for a person, facts in `details`, and the cause for the log. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, string | number | boolean>>

  constructor(code: ErrorCode, message: string, init: AppErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause })
    this.code = code
    this.details = init.details ?? {}
  }

  /** The one place where an unknown thrown value becomes one of ours. */
  static from(thrown: unknown, fallback: ErrorCode): AppError {
    if (thrown instanceof AppError) return thrown
    return new AppError(fallback, thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
  }
}
