import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface FileServer extends AsyncDisposable {
  readonly origin: string
  /** Every request so far, in order. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[]
  /** Replaces what answers. */
  answer(handler: Handler): void
}

/** A real HTTP server on loopback whose behaviour a test can change at any time. */
export async function startFileServer(handler: Handler): Promise<FileServer> {
  let current = handler
  const requests: FileServer['requests'] = []
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers })
    response.on('error', () => {})
    current(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer(next) {
      current = next
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export interface SendOptions {
  readonly body: Buffer
  readonly etag?: string
  /** Sends this many bytes of the answer and then breaks the connection. */
  readonly breakAfter?: number
  readonly ignoreRange?: boolean
  /** Sends the range whatever the file was when the first part was sent. */
  readonly ignoreIfRange?: boolean
}

/** Sends a file as a good server does, ranges and If-Range included, unless told to misbehave. */
export function sendFile(request: IncomingMessage, response: ServerResponse, options: SendOptions): void {
  const { body, etag, breakAfter, ignoreRange = false, ignoreIfRange = false } = options
  if (etag !== undefined) response.setHeader('etag', etag)
  const wanted = ignoreRange ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const condition = ignoreIfRange ? undefined : request.headers['if-range']
  const start = wanted === null || (condition !== undefined && condition !== etag) ? 0 : Number(wanted[1])
  if (start >= body.length && start > 0) {
    response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end()
    return
  }
  const part = body.subarray(start)
  const range = start === 0 ? {} : { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }
  response.writeHead(start === 0 ? 200 : 206, { 'content-length': part.length, ...range })
  if (breakAfter === undefined) response.end(part)
  else response.write(part.subarray(0, breakAfter), () => response.destroy())
}
