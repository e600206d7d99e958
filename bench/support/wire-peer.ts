// `node bench/support/wire-peer.ts TOKEN_FILE`: a member whose HTTP face is the tiny server, which also listens on TCP.
// Prints both places as JSON.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { contactOf, createBenchNetwork, offerOf } from './bench-network.ts'
import { createTinyOpenAi } from './tiny-openai.ts'

const [tokenFile = ''] = process.argv.slice(2)
const server = createTinyOpenAi().listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
await once(server, 'listening')
const network = await createBenchNetwork({
  token: readFileSync(tokenFile, 'utf8').trim(),
  name: 'peer',
  bootstrap: [],
  accept: (socket) => server.emit('connection', socket),
})
network.advertise(offerOf(['bench'], 4096))
network.reportLoad({ running: 0, queued: 0, memoryFreeBytes: 4e9 })
await network.start()
const { port } = server.address() as AddressInfo
process.stdout.write(`${JSON.stringify({ http: `127.0.0.1:${port}`, contact: contactOf(network) })}\n`)
