import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  CallToolResultSchema,
  ErrorCode,
  ListToolsResultSchema,
  McpError,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { AppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'
import { toToolAnswer } from './answer-text.ts'
import { createServerFetch, type Fetch } from './server-fetch.ts'
import type { McpLimits, ServerTool, ToolAnswer, ToolServer } from './tool-server.ts'
import { watchErrors } from './watch-errors.ts'

export interface ConnectDeps {
  readonly fetch: Fetch
  /** Lines that a server writes to its error output, without its secrets. */
  readonly onLine: (line: string) => void
}

/** A server that answers. */
export interface Connection {
  /** Aborts when it is over, whoever ended it. */
  readonly over: AbortSignal
  /** As of now: servers may change them. */
  tools(options: AbortOptions): Promise<readonly ServerTool[]>
  /**
   * Throws `mcp.failed` when no answer came: the server is gone, silent, or talks nonsense. What the tool or the server
   * says against the call is an answer.
   */
  call(name: string, args: JsonObject, options: AbortOptions): Promise<ToolAnswer>
  close(): Promise<void>
}

const MAX_PAGES = 32
const MAX_DESCRIPTION_LENGTH = 4096
const MAX_SCHEMA_LENGTH = 32_768

/** Starts the server or reaches it, and agrees with it on the protocol. Throws `mcp.unavailable`. */
export async function connect(deps: ConnectDeps, server: ToolServer, limits: McpLimits): Promise<Connection> {
  const timeout = AbortSignal.timeout(limits.connectTimeoutMs)
  const [first, fallback] = transportsFor(deps, server, limits)
  try {
    return await open(server, { transport: first, limits, timeout })
  } catch (error) {
    if (fallback === undefined || !isOlderServer(error)) throw unavailable(server, error)
  }
  try {
    return await open(server, { transport: fallback, limits, timeout })
  } catch (error) {
    throw unavailable(server, error)
  }
}

/** HTTP servers of before 2025 know only the second way. */
function transportsFor(
  { fetch, onLine }: ConnectDeps,
  server: ToolServer,
  { maxMessageBytes }: McpLimits,
): readonly [() => Transport, (() => Transport)?] {
  if (server.kind === 'stdio') {
    const { command, args, env } = server
    return [
      () => {
        // To what is given here, the library adds PATH, HOME and the like, and nothing else of ours.
        const parameters = { command, args: [...args], env: { ...env }, maxBufferSize: maxMessageBytes }
        const transport = new StdioClientTransport({ ...parameters, stderr: 'pipe' })
        watchErrors(transport.stderr, { secrets: Object.values(env), onLine })
        return transport
      },
    ]
  }
  const url = new URL(server.url)
  const headers = server.token === undefined ? {} : { authorization: `Bearer ${server.token}` }
  function make(Kind: typeof StreamableHTTPClientTransport | typeof SSEClientTransport): Transport {
    const onTooLarge = (): void => void transport.close()
    const options = {
      fetch: createServerFetch({ fetch }, { url: url.href, maxMessageBytes, onTooLarge }),
      requestInit: { headers },
    }
    const transport = new Kind(url, options)
    return transport as Transport
  }
  return [() => make(StreamableHTTPClientTransport), () => make(SSEClientTransport)]
}

async function open(
  server: ToolServer,
  init: { readonly transport: () => Transport; readonly limits: McpLimits; readonly timeout: AbortSignal },
): Promise<Connection> {
  const { limits, timeout } = init
  const transport = init.transport()
  const client = new Client({ name: 'local-ai', version: '1' }, { capabilities: {} })
  const over = new AbortController()
  client.onclose = () => over.abort(new AppError('mcp.failed', `the server "${server.name}" has ended`))
  // An event stream that broke is a connection that ended; what is said on the other ways may be an aside.
  client.onerror = () => {
    if (transport instanceof SSEClientTransport) void close()
  }
  async function close(): Promise<void> {
    over.abort(new AppError('mcp.failed', `the connection to the server "${server.name}" was closed`))
    await client.close().catch(() => {})
  }
  try {
    await raceSignal(client.connect(transport, { timeout: limits.connectTimeoutMs, signal: timeout }), timeout)
  } catch (error) {
    await close()
    throw error
  }
  let listed: Promise<readonly ServerTool[]> | undefined
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    listed = undefined
  })
  return {
    over: over.signal,
    close,
    async tools({ signal }) {
      listed ??= listTools(client, server, limits)
      try {
        return await raceSignal(listed, signal)
      } catch (error) {
        listed = undefined
        throw signal?.aborted === true ? signal.reason : unavailable(server, error)
      }
    },
    async call(name, args, { signal }) {
      const options = { timeout: limits.callTimeoutMs, ...(signal === undefined ? {} : { signal }) }
      const request = { method: 'tools/call' as const, params: { name, arguments: { ...args } } }
      try {
        const result = await client.request(request, CallToolResultSchema, options)
        return toToolAnswer(result, limits.maxAnswerLength)
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason
        if (isRefusal(error)) return { text: error.message, failed: true }
        const message = `failed to execute tools: "${name}": ${reasonOf(error, server)}`
        throw new AppError('mcp.failed', message, { cause: error, details: { unseen: isUnseen(error) } })
      }
    },
  }
}

async function listTools(client: Client, server: ToolServer, limits: McpLimits): Promise<readonly ServerTool[]> {
  if (client.getServerCapabilities()?.tools === undefined) return []
  const tools: ServerTool[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES && tools.length < limits.maxToolsPerServer; page += 1) {
    const params = cursor === undefined ? {} : { cursor }
    const options = { timeout: limits.connectTimeoutMs }
    const result = await client.request({ method: 'tools/list', params }, ListToolsResultSchema, options)
    for (const { name, description, inputSchema, annotations } of result.tools) {
      if (name.length > 256 || JSON.stringify(inputSchema).length > MAX_SCHEMA_LENGTH) continue
      const said = description === undefined ? {} : { description: description.slice(0, MAX_DESCRIPTION_LENGTH) }
      const repeatable = annotations?.readOnlyHint === true || annotations?.idempotentHint === true
      tools.push({ server: server.name, name, ...said, parameters: inputSchema as JsonObject, repeatable })
    }
    cursor = result.nextCursor
    if (cursor === undefined) break
  }
  return tools.slice(0, limits.maxToolsPerServer)
}

/** The server understood the call and does not do it. */
function isRefusal(error: unknown): error is McpError {
  if (!(error instanceof McpError)) return false
  return error.code !== ErrorCode.ConnectionClosed && error.code !== ErrorCode.RequestTimeout
}

/** Whether the server may know only the older way: it refuses the newer one, and not who asks. */
function isOlderServer(error: unknown): boolean {
  if (!(error instanceof StreamableHTTPError)) return false
  const { code = 0 } = error
  return code >= 400 && code < 500 && code !== 401 && code !== 403
}

/** The server does not know the session, or nobody listened at all. */
function isUnseen(error: unknown): boolean {
  if (error instanceof StreamableHTTPError) return error.code === 404
  return causeCode(error) === 'ECONNREFUSED'
}

function causeCode(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? Reflect.get(error.cause, 'code') : undefined
}

function unavailable(server: ToolServer, error: unknown): AppError {
  return new AppError('mcp.unavailable', `the server "${server.name}": ${reasonOf(error, server)}`, { cause: error })
}

/** Without what the server has written, which may be long and may repeat the token. */
function reasonOf(error: unknown, server: ToolServer): string {
  if (error instanceof AppError) return error.message
  if (error instanceof StreamableHTTPError) return `HTTP status ${error.code ?? 'unknown'}`
  if (error instanceof McpError && error.code === ErrorCode.RequestTimeout) return 'no answer in time'
  if (error instanceof McpError && error.code === ErrorCode.ConnectionClosed)
    return `the server "${server.name}" has ended`
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time'
  const code = causeCode(error) ?? (error instanceof Error ? Reflect.get(error, 'code') : undefined)
  return typeof code === 'string' ? `it cannot be reached or started (${code})` : 'it does not speak the protocol'
}
