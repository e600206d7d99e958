import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** One request as the server got it. */
export interface Asked {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

type Answer = (response: ServerResponse, asked: Asked) => void | Promise<void>

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string
  readonly asked: Asked[]
  /** By path; what is not here is 404. May be changed at any time. */
  readonly routes: Map<string, Answer>
  /** Resolves when a client has left in the middle of an answer. */
  readonly left: Promise<void>
}

export function json(value: unknown, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
}

/** Events of a stream, `[DONE]` and the end included. */
export function events(...values: readonly unknown[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const value of values) response.write(`data: ${JSON.stringify(value)}\n\n`)
    response.end('data: [DONE]\n\n')
  }
}

export function said(content: string, finish_reason: string | null = null) {
  return { choices: [{ index: 0, delta: { content }, finish_reason }] }
}

/** A server of OpenAI's API that does what its script says; it lists the model `m` unless told otherwise. */
export async function startScriptedServer(
  routes: Readonly<Record<string, Answer>> = {},
  port = 0,
): Promise<ScriptedServer> {
  const asked: Asked[] = []
  const all = new Map<string, Answer>(
    Object.entries({ '/v1/models': json({ data: [{ id: 'm', owned_by: 'someone' }] }), ...routes }),
  )
  const left = Promise.withResolvers<void>()
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const text = Buffer.concat(pieces).toString('utf8')
    const path = request.url ?? ''
    const one = { path, headers: request.headers, body: text === '' ? {} : (JSON.parse(text) as Asked['body']) }
    asked.push(one)
    response.once('close', () => {
      if (!response.writableFinished) left.resolve()
    })
    const answer = all.get(path)
    if (answer === undefined) json({ error: 'no such page' }, 404)(response, one)
    else await answer(response, one)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    asked,
    routes: all,
    left: left.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
