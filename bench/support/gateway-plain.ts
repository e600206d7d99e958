// `node bench/support/gateway-plain.ts TOKEN_FILE CONTACT PORT`: the least that a gateway in front of a member can be in Node.js:
// its HTTP server, the product's streams to the member, and nothing between. It checks no key, looks at no model and tells nobody.
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { startExchange } from '../../src/federation/exchange.ts'
import { createPeerClients } from '../../src/federation/peer-clients.ts'
import { joinBenchNetwork } from './bench-network.ts'

const [tokenFile = '', contact = '', port = ''] = process.argv.slice(2)
const { network, peerId } = await joinBenchNetwork({
  token: readFileSync(tokenFile, 'utf8').trim(),
  name: 'plain',
  bootstrap: [contact],
})
const clients = createPeerClients(
  { network },
  { connectionsPerPeer: 1024, connectTimeoutMs: 5000, headersTimeoutMs: 60_000, keepAliveMs: 60_000 },
)
const member = clients.to(peerId)

createServer((request, response) => {
  pass(request, response).catch(() => response.destroy())
}).listen(Number(port), '127.0.0.1')

async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  const { url: path = '/', method = 'GET' } = request
  const asked = { path, method, headers: { 'content-type': 'application/json' }, body: Buffer.concat(parts) }
  const { status, headers, body } = await startExchange(member, asked, { onOver: () => {} }).answered
  response.writeHead(status, headers)
  for await (const bytes of body) response.write(bytes)
  response.end()
}
