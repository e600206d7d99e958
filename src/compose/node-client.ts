import { AppError } from '../base/errors.ts'
import { type AbortOptions, anySignal } from '../base/signals.ts'

export interface NodeClient {
  /**
   * Body of a JSON answer. Throws `peer.unreachable` when nobody answers, with `refused` in its details when nothing listens
   * there, and `request.invalid` for any other status.
   */
  get(path: string, options?: AbortOptions): Promise<unknown>
  /** The same of a request that changes something, without a body. */
  send(method: 'POST' | 'DELETE', path: string, options?: AbortOptions): Promise<unknown>
  /** The same with a JSON body. */
  put(path: string, body: unknown, options?: AbortOptions): Promise<unknown>
  /** A question that is too long for a path. */
  post(path: string, body: unknown, options?: AbortOptions): Promise<unknown>
}

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Asks a running node over its API, for the commands that look at one. */
export function createNodeClient(init: { readonly endpoint: string; readonly apiKey: string | undefined }): NodeClient {
  const base = parseEndpoint(init.endpoint)
  const headers: Record<string, string> = init.apiKey === undefined ? {} : { authorization: `Bearer ${init.apiKey}` }

  async function ask(
    path: string,
    init: AbortOptions & { readonly method: string; readonly body?: string },
  ): Promise<unknown> {
    const { method, body = null } = init
    const signal = anySignal(AbortSignal.timeout(TIMEOUT_MS), init.signal)
    const type: Record<string, string> = body === null ? {} : { 'content-type': 'application/json' }
    // Below what a proxy puts before the node's own paths: `https://ai.example/node-1`.
    const url = new URL(
      base.pathname.replace(/\/*$/, () => path),
      base,
    )
    const answer = await fetch(url, {
      ...{ method, body, signal, redirect: 'error' },
      headers: { ...headers, ...type },
    }).catch((cause: unknown) => {
      init.signal?.throwIfAborted()
      const message = `no node answers at ${base.origin}: is it running? (--endpoint names another)`
      throw new AppError('peer.unreachable', message, { cause, details: { refused: isRefusal(cause) } })
    })
    const text = await readText(answer).catch((cause: unknown) => {
      init.signal?.throwIfAborted()
      throw new AppError('peer.unreachable', `${base.origin}${path} broke off its answer, or is too slow`, { cause })
    })
    if (text === undefined) throw new AppError('request.invalid', `${base.origin}${path} answered too much`)
    if (answer.ok) return parseAnswer(text, `${base.origin}${path}`)
    throw new AppError('request.invalid', refusal(answer.status, text, base))
  }

  return {
    get: (path, options = {}) => ask(path, { ...options, method: 'GET' }),
    send: (method, path, options = {}) => ask(path, { ...options, method }),
    put: (path, body, options = {}) => ask(path, { ...options, method: 'PUT', body: JSON.stringify(body) }),
    post: (path, body, options = {}) => ask(path, { ...options, method: 'POST', body: JSON.stringify(body) }),
  }
}

/** Of the whole machine's addresses, where its name has several. */
function isRefusal(failure: unknown): boolean {
  const cause: unknown = failure instanceof Error ? failure.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}

/** Undefined as soon as it is too much: what is left of it is then not read. */
async function readText({ body }: Response): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    bytes += piece.length
    if (bytes > MAX_ANSWER_BYTES) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Throws `config.invalid`. */
export function parseEndpoint(endpoint: string): URL {
  const text = /^[a-z]+:\/\//i.test(endpoint) ? endpoint : `http://${endpoint}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new AppError(
    'config.invalid',
    `--endpoint: expected something like http://127.0.0.1:8080 but got "${endpoint}"`,
  )
}

function parseAnswer(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AppError('request.invalid', `${where} did not answer as a local-ai node does`, { cause: error })
  }
}

function refusal(status: number, text: string, base: URL): string {
  if (status === 401) return `${base.origin} wants a key: set LOCALAI_API_KEY`
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: string } }
    if (typeof error?.message === 'string') return `${base.origin} answered ${status}: ${error.message}`
  } catch {
    // Not one of ours; the status says enough.
  }
  return `${base.origin} answered ${status}`
}
