import { createServer } from 'node:http'
import { acceptInto } from '../../../support/p2p/accept-into.ts'
import { startPeer } from './nodes.ts'

// A serving node as a process of its own, to be killed. It tells its address and answers without end.
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: 0\n\n')
})
const acceptHttp = acceptInto(server)
const peer = await startPeer({
  accept(socket, peerId) {
    if (process.argv[2] === 'http') return acceptHttp(socket, peerId)
    socket.write('first')
    socket.resume()
  },
})
process.send?.(peer.node.getMultiaddrs().map(String))
process.once('disconnect', () => process.exit())
