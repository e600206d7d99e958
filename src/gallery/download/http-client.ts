import type { LookupFunction } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { buildConnector, type Dispatcher, request } from 'undici'
import { AppError } from '../../base/errors.ts'
import { createOutgoing } from '../../base/outgoing.ts'
import { NO_PROXIES, type Proxies, proxyFor } from '../../base/proxies.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { isPrivateAddress, literalAddress } from './addresses.ts'
import { checkName, checkUrl, type GuardRules, guardedLookup, isTrusted, redirectTarget } from './guard.ts'
import { describeUrl } from './uri.ts'

export interface HttpClientInit extends GuardRules {
  /** Sent to the hub's own origin and to no other host. */
  readonly hub: { readonly endpoint: string; readonly token?: string }
  readonly userAgent: string
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  /** The longest silence in the middle of a body. */
  readonly idleTimeoutMs: number
  readonly maxRedirects: number
  /** How often in a row a request may fail without having brought anything. */
  readonly maxAttempts: number
  /** The wait before the second attempt; it doubles after that, up to `maxRetryDelayMs`. */
  readonly retryDelayMs: number
  readonly maxRetryDelayMs: number
  readonly proxies: Proxies
}

export const HTTP_DEFAULTS = {
  allowHttp: false,
  allowPrivateAddresses: false,
  trustedOrigins: [],
  maxBytes: 400 * 1024 ** 3,
  userAgent: 'local-ai',
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  maxRedirects: 5,
  maxAttempts: 5,
  retryDelayMs: 500,
  maxRetryDelayMs: 15_000,
  proxies: NO_PROXIES,
} as const satisfies Omit<HttpClientInit, 'hub'>

/** Headers that no other host may see. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization']

export interface HttpResponse {
  readonly status: number
  /** The address that answered, after redirects; for messages. */
  readonly from: string
  header(name: string): string | undefined
  /** All lines of a header that may come several times. */
  headers(name: string): readonly string[]
  readonly body: Dispatcher.ResponseData['body']
}

/** A GET client that obeys the guard: redirects are followed by hand and every hop is checked. */
export interface HttpClient {
  /**
   * Answers with whatever status the last hop gives; the caller reads or destroys the body. An `authorization` is for
   * the origin of `url`: from the first redirect to another one on it is not sent.
   */
  get(url: string, headers: Readonly<Record<string, string>>, options: AbortOptions): Promise<HttpResponse>
  /** A small text, whole; retried like everything else. */
  text(url: string, options: AbortOptions & { readonly maxBytes: number }): Promise<string>
  /** Runs `attempt` again after failures that may pass: the network's, 408, 429 and 5xx. */
  retrying<T>(attempt: (retry: Retry) => Promise<T>, options: RetryOptions): Promise<T>
  close(): Promise<void>
}

export interface RetryOptions extends AbortOptions {
  /** Fewer than the client's own `maxAttempts`, for who has another place to ask. */
  readonly attempts?: number
}

export interface Retry {
  /** Tells that the attempt was not in vain: it does not count against the number of attempts. */
  progressed(): void
}

export function createHttpClient(deps: { readonly lookup?: LookupFunction }, init: HttpClientInit): HttpClient {
  const timeouts = { headersTimeout: init.headersTimeoutMs, bodyTimeout: init.idleTimeoutMs }
  // No keep-alive: an idle connection would hold a command back from ending.
  const shared = { ...timeouts, pipelining: 0, connectTimeout: init.connectTimeoutMs }
  const open = createOutgoing({ ...shared, connect: { timeout: init.connectTimeoutMs } }, init.proxies)
  const guarded = createOutgoing({ ...shared, connect: guardedConnector(init, deps.lookup) }, init.proxies)

  async function dispatcherFor(url: URL, options: AbortOptions): Promise<Dispatcher> {
    if (init.allowPrivateAddresses || isTrusted(url, init)) return open.dispatcherFor(url)
    if (proxyFor(url, init.proxies) !== undefined) await checkName(url, deps, options)
    return guarded.dispatcherFor(url)
  }

  const get: HttpClient['get'] = async (start, given, options) => {
    const { signal } = options
    let url = new URL(start)
    let headers = given
    checkUrl(url, init)
    for (let hop = 0; ; hop += 1) {
      const response = await request(url, {
        dispatcher: await dispatcherFor(url, options),
        headers: { 'user-agent': init.userAgent, 'accept-encoding': 'identity', ...headers, ...hubToken(url, init) },
        signal: signal ?? null,
      }).catch((error: unknown) => {
        throw asDownloadError(error, url, signal)
      })
      const location = singleHeader(response.headers['location'])
      if (!isRedirect(response.statusCode) || location === undefined) return toResponse(response, url)
      response.body.on('error', () => {}).destroy()
      if (hop === init.maxRedirects) {
        throw new AppError('download.refused', `${describeUrl(start)} redirects more than ${init.maxRedirects} times`)
      }
      const next = redirectTarget(url, location, init)
      if (next.origin !== url.origin) headers = withoutCredentials(headers)
      url = next
    }
  }

  const retrying: HttpClient['retrying'] = async (attempt, { signal, attempts = init.maxAttempts }) => {
    for (let failures = 1; ; failures += 1) {
      try {
        return await attempt({
          progressed() {
            failures = 1
          },
        })
      } catch (error) {
        signal?.throwIfAborted()
        if (!(error instanceof TransientFailure)) throw error
        if (failures >= attempts) throw error.failure
        const backOffMs = Math.min(init.retryDelayMs * 2 ** (failures - 1), init.maxRetryDelayMs)
        await delay(Math.min(Math.max(backOffMs, error.waitMs), init.maxRetryDelayMs), undefined, { signal })
      }
    }
  }

  return {
    get,
    retrying,
    text: (url, { signal, maxBytes }) =>
      getText({ get, retrying }, { url, maxBytes }, signal === undefined ? {} : { signal }),
    async close() {
      await Promise.all([open.destroy(), guarded.destroy()])
    },
  }
}

export interface TextRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly maxBytes: number
}

/** A small text, whole: nothing longer than `maxBytes` is kept. Retried like everything else. */
export async function getText(
  http: Pick<HttpClient, 'get' | 'retrying'>,
  { url, headers = {}, maxBytes }: TextRequest,
  options: AbortOptions,
): Promise<string> {
  return await http.retrying(async () => {
    const response = await http.get(url, headers, options)
    if (response.status !== 200) throw statusFailure(response)
    return await readText(response, maxBytes, options.signal)
  }, options)
}

/** A failure that a later attempt may not meet. It never leaves this room: the last one is thrown as its `failure`. */
export class TransientFailure extends Error {
  override readonly name = 'TransientFailure'
  readonly failure: AppError
  readonly waitMs: number

  constructor(failure: AppError, waitMs = 0) {
    super(failure.message, { cause: failure })
    this.failure = failure
    this.waitMs = waitMs
  }
}

/** What a status other than the hoped-for one means, as an error to throw. */
export function statusFailure(response: HttpResponse): Error {
  response.body.on('error', () => {}).destroy()
  const { status, from } = response
  const failure = new AppError('download.failed', `failed to download ${from}: ${statusReason(status)}`, {
    details: { status },
  })
  const passing = status === 408 || status === 429 || status >= 500
  return passing ? new TransientFailure(failure, retryAfterMs(response.header('retry-after'))) : failure
}

/** Whatever broke a connection or a body, as one of ours: a refusal stays one, the rest may be tried again. */
export function asDownloadError(error: unknown, url: string | URL, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause)
    if (inner instanceof AppError) return inner
  const reason = error instanceof Error ? describeFailure(error) : String(error)
  return new TransientFailure(
    new AppError('download.failed', `failed to download ${describeUrl(url)}: ${reason}`, { cause: error }),
  )
}

function guardedConnector(init: HttpClientInit, lookup: LookupFunction | undefined): buildConnector.connector {
  const connect = buildConnector({
    timeout: init.connectTimeoutMs,
    lookup: guardedLookup(lookup),
  } as buildConnector.BuildOptions)
  return (options, callback) => {
    const address = literalAddress(options.hostname)
    if (address === undefined || !isPrivateAddress(address)) return connect(options, callback)
    callback(new AppError('download.refused', `${address} is an address of this machine's own network`), null)
  }
}

function hubToken(url: URL, init: HttpClientInit): Readonly<Record<string, string>> {
  if (init.hub.token === undefined || init.hub.token === '') return {}
  const own = url.origin === new URL(init.hub.endpoint).origin
  return own ? { authorization: `Bearer ${init.hub.token}` } : {}
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CREDENTIALS.includes(name.toLowerCase())))
}

function toResponse(response: Dispatcher.ResponseData, url: URL): HttpResponse {
  return {
    status: response.statusCode,
    from: describeUrl(url),
    header: (name) => singleHeader(response.headers[name]),
    headers: (name) => [response.headers[name] ?? []].flat(),
    body: response.body,
  }
}

async function readText(response: HttpResponse, maxBytes: number, signal: AbortSignal | undefined): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw new AppError('download.refused', `${response.from} is larger than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    throw asDownloadError(error, response.from, signal)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function statusReason(status: number): string {
  if (status === 401 || status === 403) {
    return `the server refuses access (status ${status}); the model may ask for a licence to be accepted and HF_TOKEN to be set`
  }
  if (status === 404) return 'there is no such file (status 404)'
  return `invalid status code ${status}`
}

function describeFailure(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'the server could not be reached in time'
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'the server did not answer in time'
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'the server stopped sending'
  const refused = /^Proxy response \((\d+)\)/.exec(error.message)
  if (refused !== null) return `the proxy does not let it through (status ${refused[1]})`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the name of the server is not known here (no network?)'
  if (error instanceof AggregateError) return error.errors.map((inner) => String(inner?.message ?? inner)).join('; ')
  return error.message || code || error.name
}

function retryAfterMs(value: string | undefined): number {
  const seconds = Number(value)
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

function singleHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
