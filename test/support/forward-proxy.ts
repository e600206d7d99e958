import { once } from 'node:events'
import { request as ask, createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface ForwardProxy extends AsyncDisposable {
  /** `HOST:PORT` */
  readonly address: string
  /** What it was asked for, in order: `CONNECT models.example:443`, `GET http://models.example/f`. */
  readonly asked: { readonly line: string; readonly authorization: string | undefined }[]
}

/**
 * An HTTP proxy (RFC 9110, 7.7 and 9.3.6) on the loopback. It knows names that nobody else knows: whatever is asked for is at
 * `target`. With `password`, whoever does not say it gets 407.
 */
export async function startForwardProxy(init: {
  readonly target: string
  readonly password?: string
}): Promise<ForwardProxy> {
  const asked: ForwardProxy['asked'] = []
  const sockets = new Set<Socket>()
  const { hostname: host, port } = new URL(init.target)
  const isWelcome = (authorization: string | undefined): boolean =>
    init.password === undefined || authorization === `Basic ${Buffer.from(init.password).toString('base64')}`
  const server = createServer((request, response) => {
    const authorization = request.headers['proxy-authorization']
    asked.push({ line: `${request.method} ${request.url}`, authorization })
    if (!isWelcome(authorization)) return void response.writeHead(407).end()
    const { pathname, search } = new URL(request.url ?? '')
    const { method, headers } = request
    const onward = ask({ host, port, method, headers, path: `${pathname}${search}` }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  server.on('connect', (request, client: Socket) => {
    const authorization = request.headers['proxy-authorization']
    asked.push({ line: `CONNECT ${request.url}`, authorization })
    if (!isWelcome(authorization)) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    const onward = connect({ host, port: Number(port) }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(onward).pipe(client)
    })
    for (const socket of [client, onward]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => (socket === client ? onward : client).destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
