// LocalAI's way between nodes, for comparison: bytes, not requests, and a new libp2p stream for each TCP connection.
//
//   node bench/support/splice.ts provider HOST:PORT        prints the multiaddress where it serves that port
//   node bench/support/splice.ts entry MULTIADDRESS        prints the HOST:PORT where it listens
//
// Noise and yamux as they come, but for limits that would refuse or break the load: those are lifted, in its favour.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const PROTOCOL = '/splice/0.1'
const MANY = 8192
const LIMITS = { maxInboundStreams: MANY, maxOutboundStreams: MANY }

const [role, place = ''] = process.argv.slice(2)
const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({ ...LIMITS, maxEarlyStreams: MANY })],
  connectionMonitor: { enabled: false },
  services: { identify: identify() },
})
if (role === 'provider') {
  const [host = '', port] = place.split(':')
  await node.handle(PROTOCOL, (stream) => splice(connect({ host, port: Number(port), noDelay: true }), stream), LIMITS)
  process.stdout.write(`${node.getMultiaddrs()[0]}\n`)
} else {
  const connection = await node.dial(multiaddr(place))
  const server = createServer({ noDelay: true }, (socket) => {
    socket.pause()
    socket.on('error', () => {})
    connection.newStream(PROTOCOL, LIMITS).then(
      (stream) => splice(socket, stream),
      () => socket.destroy(),
    )
  }).listen({ port: 0, host: '127.0.0.1', backlog: MANY })
  await once(server, 'listening')
  process.stdout.write(`127.0.0.1:${(server.address() as AddressInfo).port}\n`)
}

/** Both ways, at the pace of the slower side, until one of the sides ends. */
function splice(socket: Socket, stream: Stream): void {
  stream.addEventListener('message', ({ data }) => {
    if (!socket.write(data.subarray())) stream.pause()
  })
  socket.on('drain', () => stream.resume())
  stream.addEventListener('drain', () => socket.resume())
  socket.on('data', (data) => {
    if (stream.writeStatus === 'writable' && !stream.send(data)) socket.pause()
  })
  stream.addEventListener('end', () => socket.end())
  stream.addEventListener('close', () => socket.destroySoon())
  socket.on('error', () => {})
  socket.on('end', () => void stream.close().catch(() => {}))
  socket.on('close', () => {
    if (stream.status === 'open') stream.abort(new Error('the connection is gone'))
  })
  socket.resume()
}
