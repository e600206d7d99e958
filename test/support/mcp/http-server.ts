import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { createToolServer } from './tool-server.ts'

export interface HttpToolServer extends AsyncDisposable {
  readonly url: string
  /** `Authorization` of each request, in order. */
  readonly authorizations: (string | undefined)[]
  /** Sessions that were begun. */
  sessions(): number
  /** Forgets all sessions, as after a restart. */
  forget(): void
}

export interface HttpToolServerInit {
  readonly older?: boolean
  /** Hears which tools are run; the gauge waits for what it gives. */
  readonly onStart?: (tool: string) => unknown
}

/** A server of tools on a loopback port: the way of today, or `older`, that of before 2025. */
export async function startHttpToolServer({
  older = false,
  onStart = () => {},
}: HttpToolServerInit = {}): Promise<HttpToolServer> {
  const streamable = new Map<string, StreamableHTTPServerTransport>()
  const sse = new Map<string, SSEServerTransport>()
  const authorizations: (string | undefined)[] = []
  let begun = 0

  async function today(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? streamable.get(id) : undefined
    if (known !== undefined) return await known.handleRequest(request, response)
    if (id !== undefined) return void response.writeHead(404).end()
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => {
        begun += 1
        streamable.set(session, transport)
      },
    })
    await createToolServer('http', onStart).connect(transport as Transport)
    await transport.handleRequest(request, response)
  }

  async function before(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'POST' && url.pathname === '/messages') {
      const transport = sse.get(url.searchParams.get('sessionId') ?? '')
      if (transport === undefined) return void response.writeHead(404).end()
      return await transport.handlePostMessage(request, response)
    }
    if (request.method !== 'GET') return void response.writeHead(405).end()
    begun += 1
    const transport = new SSEServerTransport('/messages', response)
    sse.set(transport.sessionId, transport)
    await createToolServer('sse', onStart).connect(transport)
  }

  const server: Server = createServer((request, response) => {
    authorizations.push(request.headers.authorization)
    void (older ? before : today)(request, response)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    authorizations,
    sessions: () => begun,
    forget: () => streamable.clear(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
