import { AppError, type ErrorCode } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'

export interface RefusedAnswer {
  readonly upstream: string
  readonly status: number
  /** Of the body, as far as it was read. */
  readonly text: string
  readonly retryAfter?: string
  /** Appears in no message. */
  readonly secret: string | undefined
  /** Unix milliseconds. */
  readonly now: number
}

const LONGEST_WORDS = 500
const LONGEST_WAIT_MS = 600_000
const FULL: ReadonlySet<number> = new Set([429, 503, 529])
const NO_ROUTE: ReadonlySet<number> = new Set([404, 405, 501])
const TOO_LONG = /context[ _-]?(length|size|window)|exceed_context|maximum context|too many tokens|prompt is too long/i

/**
 * What an answer that is no answer means to the one who asked. `model.busy` and `upstream.unreachable` leave nothing begun:
 * another server, or another node, may do better. What is wrong with the request itself is wrong everywhere. Pure.
 */
export function toRefusal(answer: RefusedAnswer): AppError {
  const { upstream, status } = answer
  const { code, says, ...more } = judge(answer)
  return new AppError(code, `upstream ${upstream} ${says}`, { details: { upstream, upstreamStatus: status, ...more } })
}

interface Judgement {
  readonly code: ErrorCode
  /** What the upstream did. */
  readonly says: string
  readonly refusedKey?: true
  readonly modelGone?: true
  readonly retryAfterMs?: number
}

function judge(answer: RefusedAnswer): Judgement {
  const { status, text } = answer
  // Some servers repeat the key in what they say here.
  if (status === 401 || status === 403)
    return { code: 'upstream.unreachable', says: `refused its key (${status}): see --upstream-key`, refusedKey: true }
  if (status === 404 && /model/i.test(text))
    return { code: 'upstream.unreachable', says: 'does not have the model any more (404)', modelGone: true }
  if (status >= 300 && status < 400)
    return { code: 'upstream.unreachable', says: `redirects (${status}), which is not followed` }
  return judgeWords(answer)
}

/** Where the server's own words are of use. */
function judgeWords(answer: RefusedAnswer): Judgement {
  const { status, text } = answer
  const words = wordsOf(answer)
  if (NO_ROUTE.has(status))
    return { code: 'request.unsupported', says: `cannot do that (${status})${words === '' ? '' : `: ${words}`}` }
  const says = words === '' ? `answered ${status}` : `answered ${status}: ${words}`
  const retryAfterMs = retryAfterOf(answer)
  if (FULL.has(status)) return { code: 'model.busy', says, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  if (status === 400 || status === 422)
    return { code: TOO_LONG.test(text) ? 'request.context-exceeded' : 'request.invalid', says }
  if (status === 413) return { code: 'request.too-large', says }
  return { code: status >= 500 || status === 408 ? 'upstream.unreachable' : 'upstream.failed', says }
}

/** What the server says, where it says it in one of the usual shapes; else nothing. */
function wordsOf({ text, secret }: RefusedAnswer): string {
  const found = messageIn(text)
  const safe = secret === undefined || secret === '' ? found : found.replaceAll(secret, '[hidden]')
  return safe
    .replaceAll(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, LONGEST_WORDS)
}

/** `{"error":{"message":…}}`, `{"error":…}`, `{"message":…}` or `{"detail":…}`. */
export function messageIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) return ''
    const { error, message, detail } = value
    const inner = isObject(error) ? error['message'] : error
    return [inner, message, detail].find((candidate) => typeof candidate === 'string') ?? ''
  } catch {
    return ''
  }
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function retryAfterOf({ retryAfter, now }: RefusedAnswer): number | undefined {
  if (retryAfter === undefined) return undefined
  const ms = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_WAIT_MS) : undefined
}
