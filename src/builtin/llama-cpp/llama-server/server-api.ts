import { type Dispatcher, Pool } from 'undici'
import { AppError } from '../../../base/errors.ts'
import { isObject } from '../../../base/json.ts'
import type { AbortOptions } from '../../../base/signals.ts'
import { toServerError } from './server-errors.ts'

const IDLE_LIMIT_MS = 1000

/** llama-server's HTTP API over its unix socket. */
export interface ServerApi {
  readonly dispatcher: Dispatcher
  get(path: string, options?: AbortOptions): Promise<unknown>
  post(path: string, body: unknown, options?: AbortOptions): Promise<unknown>
  /** Ends every call that is still running. */
  close(): Promise<void>
}

export function createServerApi(socketPath: string): ServerApi {
  const pool = new Pool('http://llama-server', {
    connect: { socketPath },
    // A request that waits its turn hears nothing, for as long as the others take.
    headersTimeout: 0,
    bodyTimeout: 0,
    // llama-server closes what was idle for five seconds: a connection must be let go well before, or a request that
    // takes it up at that moment fails, on a machine so busy that the news of its end is late.
    keepAliveTimeout: IDLE_LIMIT_MS,
    keepAliveMaxTimeout: IDLE_LIMIT_MS,
  })
  async function call(request: Dispatcher.RequestOptions): Promise<unknown> {
    const { statusCode, body } = await pool.request(request)
    if (statusCode !== 200) throw toServerError(statusCode, await body.text())
    return await body.json()
  }
  return {
    dispatcher: pool,
    get: async (path, { signal } = {}) =>
      await call({ path, method: 'GET', ...(signal === undefined ? {} : { signal }) }),
    post: async (path, body, { signal } = {}) =>
      await call({
        path,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      }),
    close: async () => await pool.destroy(),
  }
}

/** A member of an answer; `backend.failed` when it is not of the type that it always was. */
export function member<T extends 'string' | 'number' | 'object'>(
  value: unknown,
  name: string,
  type: T,
): T extends 'string' ? string : T extends 'number' ? number : object {
  const found: unknown = isObject(value) ? value[name] : undefined
  if (typeof found !== type || found === null) {
    throw new AppError('backend.failed', `an answer of llama-server has no "${name}"`)
  }
  return found as ReturnType<typeof member<T>>
}
