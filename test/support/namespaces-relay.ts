/**
 * `node namespaces-relay.ts FOLDER`, and ports of the loopback on its standard input, a line each: whoever connects to the
 * unix socket with such a number in that folder talks to that port. Each is said when it is ready.
 */
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const [folder = ''] = process.argv.slice(2)

for await (const port of createInterface({ input: process.stdin })) {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true })
    near.pipe(far)
    far.pipe(near)
    // One side that is gone is the end of the other.
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  server.listen(join(folder, port), () => process.stdout.write(`${port}\n`))
}
