import { signal } from '@preact/signals'
import { hrefOf } from './router.ts'

/** What this node answered instead of what was asked for; `message` is for people. */
export class ApiError extends Error {
  /** 0: there was no answer at all. */
  readonly status: number
  /** The field of the request that is to blame. */
  readonly param: string | undefined

  constructor(message: string, { status, param }: { readonly status: number; readonly param?: string | undefined }) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.param = param
  }
}

export interface ApiInit {
  /** Default: GET, and POST with a body. */
  readonly method?: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is, in the place of `body`. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

/** Set when this node wants to know who is asking; the page for signing in shows up. */
export const signInWanted = signal(false)

/** Asks this node. Throws `ApiError` for every answer that is none, with the words of this node. */
export async function apiResponse(path: string, init: ApiInit = {}): Promise<Response> {
  const { body, text = body === undefined ? undefined : JSON.stringify(body), signal } = init
  const { method = text === undefined ? 'GET' : 'POST' } = init
  const type = body === undefined ? 'text/plain; charset=utf-8' : 'application/json'
  const headers = { ...(text === undefined ? {} : { 'content-type': type }), ...init.headers }
  const request: RequestInit = { method, headers, cache: 'no-store', ...(signal === undefined ? {} : { signal }) }
  let response: Response
  try {
    response = await fetch(hrefOf(path), text === undefined ? request : { ...request, body: text })
  } catch (error) {
    if (signal?.aborted === true) throw error
    throw new ApiError('This node does not answer. Is it running?', { status: 0 })
  }
  if (response.ok) return response
  const error = await toApiError(response)
  if (response.status === 401) signInWanted.value = true
  throw error
}

/** The JSON of an answer. */
export async function api<T>(path: string, init: ApiInit = {}): Promise<T> {
  const response = await apiResponse(path, init)
  return (await response.json()) as T
}

/** What was read, and how to say later that a change is meant for it: the headers of that request. */
export interface Version<T> {
  readonly value: T
  readonly ifUnchanged: Readonly<Record<string, string>>
}

/** The JSON of an answer, to be changed. A change that is too late ends with `isOutdated`. */
export async function apiVersion<T>(path: string): Promise<Version<T>> {
  const response = await apiResponse(path)
  const tag = response.headers.get('etag')
  return { value: (await response.json()) as T, ifUnchanged: tag === null ? {} : { 'if-match': tag } }
}

/** Somebody else has changed it since it was read. */
export function isOutdated(error: unknown): boolean {
  return error instanceof ApiError && error.status === 412
}

export async function apiText(path: string, init: ApiInit = {}): Promise<string> {
  return await (await apiResponse(path, init)).text()
}

async function toApiError(response: Response): Promise<ApiError> {
  const { status } = response
  const text = await response.text().catch(() => '')
  const { message, param } = errorIn(text)
  return new ApiError(message ?? `${status} ${response.statusText}`.trim(), { status, param })
}

/** `{error: {message, param}}`, `{error: "…"}`, `{message: "…"}`: what the dialects of this node write. */
function errorIn(text: string): { readonly message?: string; readonly param?: string } {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null) return {}
    const { error = body } = body as { error?: unknown }
    if (typeof error === 'string') return { message: error }
    const { message, param } = error as { message?: unknown; param?: unknown }
    return {
      ...(typeof message === 'string' ? { message } : {}),
      ...(typeof param === 'string' ? { param } : {}),
    }
  } catch {
    return {}
  }
}

/** What to show of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
