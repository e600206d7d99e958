import { AppError, type ErrorCode } from '../base/errors.ts'

/** What a dialect renders in its vendor's shape. */
export interface ErrorAnswer {
  readonly code: ErrorCode
  readonly status: number
  readonly message: string
  /** The field of the request that is to blame. */
  readonly param: string | null
  readonly retryAfterSeconds?: number
}

interface ErrorRule {
  readonly status: number
  /** Said instead of the error's own message, which may describe the inside of the node. */
  readonly says?: string
  readonly retryAfterSeconds?: number
  /** The field to blame when the error names none. */
  readonly param?: string
}

/**
 * Status and words for every code; the compiler misses none. `model.not-found` is 400 because LocalAI's error table
 * says so for each inference endpoint; looking something up that is not there is `request.not-found`.
 * 499 is never read by anyone: the client is gone. It is for the log and the metrics.
 */
const RULES: Readonly<Record<ErrorCode, ErrorRule>> = {
  'config.invalid': { status: 500, says: 'this node is not configured correctly' },
  'request.invalid': { status: 400 },
  'request.unauthorized': { status: 401 },
  'request.forbidden': { status: 403 },
  'request.unsupported': { status: 400 },
  'request.too-large': { status: 413 },
  'request.not-found': { status: 404 },
  'request.conflict': { status: 409 },
  'request.outdated': { status: 412 },
  'request.unprocessable': { status: 422 },
  'request.rate-limited': { status: 429, retryAfterSeconds: 1 },
  'request.context-exceeded': { status: 400 },
  'request.cancelled': { status: 499 },
  'model.not-found': { status: 400, param: 'model' },
  'model.disabled': { status: 403, param: 'model' },
  'model.config-invalid': { status: 500 },
  'model.file-invalid': { status: 500 },
  'model.busy': { status: 503, retryAfterSeconds: 1 },
  'model.loading': { status: 503, retryAfterSeconds: 15, param: 'model' },
  'model.does-not-fit': { status: 503, retryAfterSeconds: 30, param: 'model' },
  'download.refused': { status: 400 },
  'download.failed': { status: 502 },
  'download.checksum-mismatch': { status: 502 },
  'backend.not-found': { status: 500 },
  'backend.build-failed': { status: 500, says: 'the backend could not be built' },
  'backend.start-failed': { status: 500, says: "the model's backend process could not be started" },
  'backend.start-timeout': { status: 500, says: "the model's backend process did not become ready in time" },
  'backend.load-failed': { status: 500 },
  'backend.cooling-down': { status: 503, retryAfterSeconds: 10 },
  'backend.died': {
    status: 500,
    says: "the model's backend process ended unexpectedly; the next request starts it again (after a wait when it keeps ending)",
  },
  'backend.unsupported': { status: 400 },
  'backend.failed': { status: 500, says: "the model's backend failed while it worked on this request" },
  'content.storage-failed': { status: 500, says: 'failed to prepare storage' },
  'storage.failed': {
    status: 500,
    says: 'this node cannot read or write its files now: its disk may be full or write-protected',
  },
  'mcp.config-invalid': { status: 500 },
  'mcp.unavailable': { status: 500 },
  'mcp.failed': { status: 500 },
  'token.invalid': { status: 500, says: 'the network token of this node is not usable' },
  'admission.refused': { status: 502, says: 'the peer refused this node' },
  'admission.clock-skew': { status: 502, says: 'the clocks of this node and of a peer differ too much' },
  'peer.unreachable': { status: 502, says: 'the node that should have answered cannot be reached' },
  'network.model-not-found': { status: 404, param: 'model' },
  'federation.unavailable': { status: 503, retryAfterSeconds: 5 },
  'federation.overloaded': { status: 429, retryAfterSeconds: 1 },
  'worker.busy': { status: 503, retryAfterSeconds: 5 },
  'worker.refused': { status: 403 },
  'worker.mismatch': { status: 409 },
  'worker.lost': {
    status: 502,
    says: 'a machine that held a part of the model is gone; the next request loads it again',
  },
  'upstream.unreachable': { status: 502 },
  'upstream.failed': { status: 502 },
  'node.overloaded': { status: 503, retryAfterSeconds: 1 },
  'node.stopping': { status: 503, retryAfterSeconds: 5 },
  internal: { status: 500, says: 'internal error' },
}

/**
 * Whether a failure leaves nothing begun that another node could not do as well. What is wrong with the request itself
 * is wrong everywhere; and what broke while a backend worked on it (`backend.failed`, `backend.died`) may be the
 * request's doing, and would break the next node too.
 */
const NOTHING_BEGUN: Readonly<Record<ErrorCode, boolean>> = {
  'config.invalid': true,
  'request.invalid': false,
  'request.unauthorized': false,
  'request.forbidden': false,
  'request.unsupported': false,
  'request.too-large': false,
  'request.not-found': false,
  'request.conflict': false,
  'request.outdated': false,
  'request.unprocessable': false,
  'request.rate-limited': false,
  'request.context-exceeded': false,
  'request.cancelled': false,
  'model.not-found': true,
  'model.disabled': true,
  'model.config-invalid': true,
  'model.file-invalid': true,
  'model.busy': true,
  'model.loading': true,
  'model.does-not-fit': true,
  'download.refused': true,
  'download.failed': true,
  'download.checksum-mismatch': true,
  'backend.not-found': true,
  'backend.build-failed': true,
  'backend.start-failed': true,
  'backend.start-timeout': true,
  'backend.load-failed': true,
  'backend.cooling-down': true,
  'backend.died': false,
  'backend.unsupported': false,
  'backend.failed': false,
  'content.storage-failed': true,
  'storage.failed': false,
  'mcp.config-invalid': true,
  'mcp.unavailable': true,
  'mcp.failed': false,
  'token.invalid': false,
  'admission.refused': false,
  'admission.clock-skew': false,
  'peer.unreachable': false,
  'network.model-not-found': false,
  'federation.unavailable': false,
  'federation.overloaded': false,
  'worker.busy': true,
  'worker.refused': true,
  'worker.mismatch': true,
  'worker.lost': false,
  'upstream.unreachable': true,
  'upstream.failed': false,
  'node.overloaded': true,
  'node.stopping': true,
  internal: false,
}

/** For answers to other nodes; only an error that is the whole answer counts, not one inside a stream. */
export function isNothingBegun(code: ErrorCode): boolean {
  return NOTHING_BEGUN[code]
}

export function statusOf(code: ErrorCode): number {
  return RULES[code].status
}

/** What the caller may know. Whoever needs more finds it in the log, under the request's id. */
export function toErrorAnswer(error: AppError, requestId: string): ErrorAnswer {
  const { status, says, retryAfterSeconds, ...rule } = RULES[error.code]
  const { param = rule.param, retryAfterMs } = error.details
  const message = says ?? error.message
  return {
    code: error.code,
    status,
    message: status >= 500 ? `${withoutFolders(message)} (request ${requestId})` : message,
    param: typeof param === 'string' ? param : null,
    ...(retryAfterSeconds === undefined
      ? {}
      : {
          retryAfterSeconds:
            typeof retryAfterMs === 'number' ? Math.max(1, Math.ceil(retryAfterMs / 1000)) : retryAfterSeconds,
        }),
  }
}

/** A path begins where a word begins, which keeps `https://host/path` and `1/2` whole. */
const ABSOLUTE_PATH =
  /(?:(?<![\w:/.\\-])|(?<=\bunix:))(?:\/|[A-Za-z]:\\)(?:[^\s'"`:;,()<>/\\]+[/\\])+(?=[^\s'"`:;,()<>/\\])/g

/** File names stay, the folders of this machine do not. */
function withoutFolders(message: string): string {
  return message.replace(ABSOLUTE_PATH, '')
}

/** Anything a handler or the framework throws, as one of our errors. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const code = property(thrown, 'code')
  const status = property(thrown, 'statusCode')
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new AppError('request.too-large', 'the request body is larger than this node accepts (--upload-limit)', {
      cause: thrown,
    })
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new AppError('request.invalid', 'send the body as JSON with the header Content-Type: application/json', {
      cause: thrown,
    })
  }
  if (isStorageFailure(thrown)) return new AppError('storage.failed', message, { cause: thrown })
  const clientsFault = typeof status === 'number' && status >= 400 && status < 500
  return new AppError(clientsFault ? 'request.invalid' : 'internal', message, { cause: thrown })
}

/** Sockets and disks share some codes: of those, the ones that tell a path are of files. */
function isStorageFailure(thrown: unknown): boolean {
  const code = String(property(thrown, 'code'))
  if (['EACCES', 'EPERM'].includes(code)) return property(thrown, 'path') !== undefined
  // The other results of SQLite are mistakes of whoever asked; the low byte tells (sqlite.org/rescode.html).
  if (code === 'ERR_SQLITE_ERROR') return SQLITE_STORAGE.has(Number(property(thrown, 'errcode')) & 0xff)
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes(code)
}

/** SQLITE_PERM, BUSY, READONLY, IOERR, CORRUPT, FULL, CANTOPEN and NOTADB. */
const SQLITE_STORAGE: ReadonlySet<number> = new Set([3, 5, 8, 10, 11, 13, 14, 26])

function property(value: unknown, name: 'code' | 'errcode' | 'path' | 'statusCode'): unknown {
  return typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined
}
