import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** One request with exactly these headers: `fetch` has its own mind about `Host`, `Origin` and cookies. */
export async function send(
  url: string,
  init: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: unknown } = {},
): Promise<HttpAnswer> {
  const { method = 'GET', headers = {}, body } = init
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  const length = text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }
  const json = text === undefined ? {} : { 'content-type': 'application/json' }
  const sent = request(url, { method, headers: { ...json, ...length, ...headers }, agent: false }).end(text)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const bytes of response) chunks.push(bytes as Buffer)
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }
}

/** Everything that comes back for these bytes, until the other side ends the connection. */
export async function sendBytes(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.end(bytes)
  let text = ''
  for await (const piece of socket) text += String(piece)
  return text
}
