// `node bench/support/gateway-peer.ts TOKEN_FILE CHUNKS`: a member of the network that costs next to nothing, so that what is
// seen is the entry. It reads no more of a request than its length and two words, and answers bytes that were made before.
// Prints where it can be called.
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { JOURNAL_HEADER } from '../../src/federation/journal/frames.ts'
import { contactOf, createBenchNetwork, offerOf } from './bench-network.ts'
import { createGatewayAnswers, type Pieces } from './gateway-answers.ts'

const SLOTS = 4096
const HEAD_END = '\r\n\r\n'

const [tokenFile = '', chunks = '1'] = process.argv.slice(2)
const answers = createGatewayAnswers(Number(chunks))
const network = await createBenchNetwork({
  token: readFileSync(tokenFile, 'utf8').trim(),
  name: 'peer',
  bootstrap: [],
  accept: serve,
})
const offer = offerOf(['bench'], SLOTS)
network.advertise({ ...offer, models: offer.models.map((model) => ({ ...model, likeness: '0'.repeat(64) })) })
network.reportLoad({ running: 0, queued: 0, memoryFreeBytes: 4e9 })
await network.start()
process.stdout.write(`${contactOf(network)}\n`)

function serve(socket: Duplex): void {
  let held: Buffer = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes])
    for (let length = lengthOf(held); length !== undefined; length = lengthOf(held)) {
      for (const piece of answerTo(held.toString('latin1', 0, length))) socket.write(piece)
      held = held.subarray(length)
    }
  })
  socket.on('end', () => socket.end())
}

/** Of the first whole request; undefined while it is not there. */
function lengthOf(bytes: Buffer): number | undefined {
  const end = bytes.indexOf(HEAD_END)
  if (end === -1) return undefined
  const told = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1]
  const whole = end + HEAD_END.length + Number(told ?? 0)
  return whole <= bytes.length ? whole : undefined
}

function answerTo(request: string): Pieces {
  const kind = request.includes(`\r\n${JOURNAL_HEADER}: 1\r\n`) ? answers.journalled : answers.plain
  return request.includes('"stream":true') ? kind.stream : kind.whole
}
