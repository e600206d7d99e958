/** `node namespaces-relay.ts SOCKET PORT`: whoever connects to the unix socket talks to that port of the loopback. */
import { connect, createServer } from 'node:net'

const [socketPath = '', port = ''] = process.argv.slice(2)

createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true })
  near.pipe(far)
  far.pipe(near)
  // One side that is gone is the end of the other.
  near.on('error', () => far.destroy())
  far.on('error', () => near.destroy())
  near.on('close', () => far.destroy())
  far.on('close', () => near.destroy())
}).listen(socketPath, () => process.stdout.write('listening\n'))
