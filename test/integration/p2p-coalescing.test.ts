import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { coalescing } from '../../src/p2p/admission/coalescing.ts'
import { whenDrained } from '../../src/p2p/admission/when-drained.ts'
import { seededRandom } from '../support/random.ts'
import { type Encrypter, ringMaker, startNode, until } from '../unit/p2p/admission/nodes.ts'

const STREAMS = 100
const BYTES_PER_STREAM = 30_000

const plain = (own: Encrypter): Encrypter[] => [own]
const coalesced = (own: Encrypter): Encrypter[] => [coalescing(own)]

/** Sends random pieces of random sizes and compares the hash of what comes back. */
async function echoRandom(stream: Stream, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const [sent, back] = [createHash('sha256'), createHash('sha256')]
  let received = 0
  const all = Promise.withResolvers<void>()
  stream.addEventListener('message', (event) => {
    back.update(event.data.subarray())
    received += event.data.byteLength
    if (received >= BYTES_PER_STREAM) all.resolve()
  })
  stream.addEventListener('close', (event) => all.reject(event.error ?? new Error('closed early')))
  for (let left = BYTES_PER_STREAM; left > 0; ) {
    const data = Buffer.alloc(Math.min(left, 1 + Math.floor(random() ** 3 * 8000)))
    for (let at = 0; at < data.length; at++) data[at] = Math.floor(random() * 256)
    sent.update(data)
    left -= data.length
    if (!stream.send(data)) await whenDrained(stream)
    else if (random() < 0.2) await Promise.resolve()
  }
  await all.promise
  assert.equal(received, BYTES_PER_STREAM)
  assert.equal(back.digest('hex'), sent.digest('hex'))
}

describe('coalescing between libp2p nodes', () => {
  for (const [name, dialling, answering] of [
    ['both ends', coalesced, coalesced],
    ['the dialling end', coalesced, plain],
    ['the answering end', plain, coalesced],
  ] as const) {
    it(`carries ${STREAMS} streams both ways unharmed when it is on at ${name}`, async () => {
      const ring = ringMaker()
      await using responder = await startNode({ keyRing: ring(), encrypters: answering })
      await using dialler = await startNode({ keyRing: ring(), listen: [], encrypters: dialling })
      const connection = await dialler.dial(responder)
      const options = { maxOutboundStreams: 1024 }
      const streams = await Promise.all(Array.from({ length: STREAMS }, () => connection.newStream('/echo', options)))
      await Promise.all(streams.map((stream, index) => echoRandom(stream, index)))
      // Half close: the other side answers our end with its own.
      await Promise.all(streams.map((stream) => stream.close()))
      await until(
        () => connection.streams.every(({ protocol }) => protocol !== '/echo'),
        'all streams ended on both sides',
      )
      await connection.close()
      await until(() => responder.libp2p.getConnections().length === 0, 'the responder saw the end')
    })
  }

  it("holds a writer to its reader's pace", async () => {
    const ring = ringMaker()
    const TOTAL = 32 << 20
    await using responder = await startNode({ keyRing: ring(), encrypters: coalesced })
    await using dialler = await startNode({ keyRing: ring(), listen: [], encrypters: coalesced })
    const flood = { sent: 0, rests: 0, largestQueue: 0 }
    await responder.libp2p.handle('/flood', async (stream) => {
      const data = Buffer.alloc(1 << 16)
      while (flood.sent < TOTAL) {
        flood.sent += data.length
        const mayGoOn = stream.send(data)
        flood.largestQueue = Math.max(flood.largestQueue, stream.writeBufferLength)
        if (!mayGoOn) {
          flood.rests++
          await whenDrained(stream)
        }
      }
      await stream.close()
    })
    const connection = await dialler.dial(responder)
    const stream = await connection.newStream('/flood')
    let received = 0
    stream.addEventListener('message', (event) => {
      received += event.data.byteLength
      if (received < TOTAL / 2) return
      if (received - event.data.byteLength < TOTAL / 2) stream.pause()
    })
    await until(() => stream.readStatus === 'paused', 'the reader paused')
    // A writer that nobody holds is done by now: it is this same process, and it never waits.
    let unchanged = 0
    let before = 0
    await until(() => {
      unchanged = flood.sent === before ? unchanged + 1 : 0
      before = flood.sent
      return unchanged >= 5
    }, 'the writer stands still')
    assert.ok(flood.sent < TOTAL, 'the writer was not held')
    assert.ok(flood.sent - received < 4 << 20, `${flood.sent - received} bytes are under way`)
    assert.ok(flood.largestQueue < 1 << 20, `${flood.largestQueue} bytes waited at the writer`)
    stream.resume()
    await until(() => received === TOTAL, 'the rest came')
    assert.ok(flood.rests > 10)
    assert.equal(flood.sent, TOTAL)
  })

  it('counts the same bytes at both ends, by peer', async () => {
    const ring = ringMaker()
    const counts = new Map<string, number>()
    const counting =
      (node: string) =>
      (own: Encrypter): Encrypter[] => [
        coalescing(own, {
          onBytes(direction, bytes, peerId) {
            const key = `${node} ${direction} ${peerId}`
            counts.set(key, (counts.get(key) ?? 0) + bytes)
          },
        }),
      ]
    await using responder = await startNode({ keyRing: ring(), encrypters: counting('responder') })
    await using dialler = await startNode({ keyRing: ring(), listen: [], encrypters: counting('dialler') })
    const connection = await dialler.dial(responder)
    await echoRandom(await connection.newStream('/echo'), 1)
    const of = (node: string, direction: string, peer: { libp2p: { peerId: unknown } }): number =>
      counts.get(`${node} ${direction} ${String(peer.libp2p.peerId)}`) ?? 0
    await until(
      () =>
        of('dialler', 'sent', responder) === of('responder', 'received', dialler) &&
        of('responder', 'sent', dialler) === of('dialler', 'received', responder),
      'what one sent the other received',
    )
    assert.ok(of('dialler', 'sent', responder) > BYTES_PER_STREAM)
    assert.ok(of('dialler', 'received', responder) > BYTES_PER_STREAM)
    assert.equal(counts.size, 4)
  })

  it('leaves the refusal of strangers as it is, with their address', async () => {
    await using responder = await startNode({ encrypters: coalesced })
    await using stranger = await startNode({ listen: [], encrypters: coalesced })
    await assert.rejects(stranger.dial(responder), /different network token/)
    await until(() => responder.refusals.length > 0, 'the responder told of a refusal')
    assert.match(responder.refusals[0]?.address ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
    assert.deepEqual(responder.seen, [])
  })
})
