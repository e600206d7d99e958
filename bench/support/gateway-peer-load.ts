// `node bench/support/gateway-peer-load.ts TOKEN_FILE CHUNKS CONTACT CONNECTIONS DURATION_MS`: the most that the member of
// `gateway-peer.ts` answers to another program of the network, with nothing of an entry between. Prints JSON.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { JOURNAL_HEADER } from '../../src/federation/journal/frames.ts'
import { joinBenchNetwork } from './bench-network.ts'
import { createGatewayAnswers, type Pieces } from './gateway-answers.ts'

const WARM_UP_MS = 3000

const [tokenFile = '', chunks = '1', contact = '', connections = '1', durationMs = '1000'] = process.argv.slice(2)
const { network, peerId } = await joinBenchNetwork({
  token: readFileSync(tokenFile, 'utf8').trim(),
  name: 'load',
  bootstrap: [contact],
})
const sockets = await Promise.all(Array.from({ length: Number(connections) }, () => network.openSocket(peerId)))
const { journalled } = createGatewayAnswers(Number(chunks))
const results = {
  whole: await measure(journalled.whole, {}),
  stream: await measure(journalled.stream, { stream: true }),
}
process.stdout.write(`${JSON.stringify(results)}\n`)
for (const socket of sockets) socket.destroy()
await network.stop()

interface Ceiling {
  readonly requestsPerSecond: number
  /** Microseconds of this process for one request. */
  readonly cpuUs: number
}

async function measure(expected: Pieces, more: object): Promise<Ceiling> {
  const length = expected.reduce((sum, piece) => sum + piece.length, 0)
  const body = JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'ok' }], ...more })
  const head = ['POST /v1/chat/completions HTTP/1.1', 'host: peer', `${JOURNAL_HEADER}: 1`]
  const request = Buffer.from(`${head.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  const ask = async (forMs: number): Promise<Ceiling> => {
    const began = performance.now()
    const cpu = process.cpuUsage()
    const counts = await Promise.all(sockets.map((socket) => askOn(socket, { request, length, end: began + forMs })))
    const requests = counts.reduce((sum, count) => sum + count, 0)
    const { user, system } = process.cpuUsage(cpu)
    return {
      requestsPerSecond: (requests / (performance.now() - began)) * 1000,
      cpuUs: (user + system) / requests,
    }
  }
  await ask(WARM_UP_MS)
  return await ask(Number(durationMs))
}

interface Asking {
  readonly request: Buffer
  readonly length: number
  /** On the clock of `performance.now()`. */
  readonly end: number
}

/** Asks again as soon as as many bytes are there as the answer has; gives how often. */
async function askOn(socket: Duplex, { request, length, end }: Asking): Promise<number> {
  let count = 0
  let received = 0
  const done = new EventTarget()
  const onData = (bytes: Buffer): void => {
    received += bytes.length
    if (received < length) return
    received = 0
    count += 1
    if (performance.now() < end) socket.write(request)
    else done.dispatchEvent(new Event('done'))
  }
  socket.on('data', onData)
  const over = once(done, 'done')
  socket.write(request)
  await over
  socket.off('data', onData)
  return count
}
