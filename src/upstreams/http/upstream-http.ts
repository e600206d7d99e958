import type { Dispatcher } from 'undici'
import { AppError } from '../../base/errors.ts'
import { createOutgoing, type Outgoing } from '../../base/outgoing.ts'
import { NO_PROXIES, type Proxies } from '../../base/proxies.ts'
import { type AbortOptions, anySignal } from '../../base/signals.ts'
import type { UpstreamConfig } from '../upstream-config.ts'
import { readLimited } from './read-limited.ts'
import { toRefusal } from './refusal.ts'

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST'
  /** `/v1/chat/completions` below the API's beginning: `{ api: '/chat/completions' }`; `own`: below the server's own. */
  readonly path: { readonly api: string } | { readonly own: string }
  readonly body?: unknown
}

export interface WholeAnswer extends AbortOptions {
  readonly maxBytes: number
  /** Until the answer is whole. */
  readonly timeoutMs: number
}

/**
 * One server, and nobody else: redirects are not followed, nothing of a client's headers goes along, and the key goes to
 * its origin only. Failures are `upstream.unreachable` where the server has not begun, or what `refusal.ts` says.
 */
export interface UpstreamHttp {
  /** The JSON of an answer with status 2xx; undefined when the text is no JSON. */
  json(request: UpstreamRequest, options: WholeAnswer): Promise<unknown>
  /** The body of an answer with status 200. Who leaves it early ends the request. */
  open(request: UpstreamRequest, options: AbortOptions): Promise<Dispatcher.ResponseData['body']>
  close(): Promise<void>
}

export interface UpstreamHttpInit {
  readonly connectTimeoutMs: number
  /** Until the head of an answer: a request may wait for its turn there. */
  readonly headersTimeoutMs: number
  /** The longest silence within an answer. */
  readonly silenceTimeoutMs: number
  /** Connections, and so requests at the same time. */
  readonly connections: number
  readonly proxies: Proxies
}

export const HTTP_DEFAULTS: UpstreamHttpInit = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 600_000,
  silenceTimeoutMs: 300_000,
  connections: 512,
  proxies: NO_PROXIES,
}

/** Many servers close what was idle for five seconds: a connection is let go well before. */
const KEEP_ALIVE_MS = 2_000
const ERROR_BYTES = 64 * 1024
/** The other end has closed the connection; whether it has read the request is not known. */
const CLOSED: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

export function createUpstreamHttp(config: UpstreamConfig, init: UpstreamHttpInit = HTTP_DEFAULTS): UpstreamHttp {
  const { name, origin, apiPath, ownPath, key } = config
  const options = {
    connections: init.connections,
    connectTimeout: init.connectTimeoutMs,
    connect: { timeout: init.connectTimeoutMs },
    headersTimeout: init.headersTimeoutMs,
    bodyTimeout: init.silenceTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: 16 * 1024,
  }
  const kept = createOutgoing({ ...options, pipelining: 1 }, init.proxies)
  /** Each request on a connection of its own. */
  const fresh = createOutgoing({ ...options, pipelining: 0 }, init.proxies)
  const server = new URL(origin)
  const headers: Record<string, string> = {
    accept: 'application/json, text/event-stream',
    'user-agent': 'local-ai',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  }

  async function send(over: Outgoing, { method, path, body }: UpstreamRequest, { signal }: AbortOptions) {
    const text = body === undefined ? undefined : JSON.stringify(body)
    return await over.dispatcherFor(server).request({
      origin,
      method,
      path: 'api' in path ? `${apiPath}${path.api}` : `${ownPath}${path.own}`,
      headers: text === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(text === undefined ? {} : { body: text }),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** llama-server closes the connection of a stream that it promised to keep, while the next request is on its way. */
  async function ask(request: UpstreamRequest, options: AbortOptions) {
    options.signal?.throwIfAborted()
    try {
      return await send(kept, request, options).catch(async (error: unknown) => {
        options.signal?.throwIfAborted()
        if (CLOSED.has(reasonOf(error))) return await send(fresh, request, options)
        throw error
      })
    } catch (error) {
      options.signal?.throwIfAborted()
      throw unreachable(name, error)
    }
  }

  async function refuse(answer: Dispatcher.ResponseData, signal: AbortSignal | undefined): Promise<AppError> {
    const bytes = await readLimited(answer.body, ERROR_BYTES).catch(() => undefined)
    signal?.throwIfAborted()
    const { 'retry-after': retryAfter } = answer.headers
    return toRefusal({
      upstream: name,
      status: answer.statusCode,
      text: bytes?.toString('utf8') ?? '',
      secret: key,
      ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
      now: Date.now(),
    })
  }

  return {
    async json(request, { signal: given, maxBytes, timeoutMs }) {
      const late = AbortSignal.timeout(timeoutMs)
      const signal = anySignal(late, given)
      try {
        const answer = await ask(request, { signal })
        if (answer.statusCode < 200 || answer.statusCode > 299) throw await refuse(answer, signal)
        const bytes = await readLimited(answer.body, maxBytes)
        if (bytes === undefined) throw failed(name, `answered more than ${maxBytes} bytes`)
        return parse(bytes.toString('utf8'))
      } catch (error) {
        given?.throwIfAborted()
        if (late.aborted)
          throw new AppError('upstream.unreachable', `upstream ${name} did not answer in ${timeoutMs} ms`)
        throw error instanceof AppError ? error : broken(name, error)
      }
    },
    async open(request, options) {
      const { signal } = options
      const answer = await ask(request, options)
      if (answer.statusCode === 200) return answer.body
      throw await refuse(answer, signal)
    },
    async close() {
      await Promise.all([kept.destroy(), fresh.destroy()])
    },
  }
}

/** The connection was lost before the answer had begun. */
function unreachable(name: string, cause: unknown): AppError {
  return new AppError('upstream.unreachable', `upstream ${name} cannot be reached (${reasonOf(cause)})`, { cause })
}

/** The connection was lost within the answer. */
export function broken(name: string, cause: unknown): AppError {
  return new AppError('upstream.failed', `upstream ${name} broke off its answer (${reasonOf(cause)})`, { cause })
}

export function failed(name: string, what: string): AppError {
  return new AppError('upstream.failed', `upstream ${name} ${what}`)
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && code !== '' ? code : 'the connection was lost'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
