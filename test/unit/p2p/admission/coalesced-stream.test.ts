import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { MessageStream } from '@libp2p/interface'
import { multiaddrConnectionPair, streamPair } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { CoalescedStream } from '../../../../src/p2p/admission/coalesced-stream.ts'
import { remoteAddress } from '../../../../src/p2p/admission/remote-address.ts'
import { whenDrained } from '../../../../src/p2p/admission/when-drained.ts'
import { seededRandom } from '../../../support/random.ts'

/** Notes the sizes of what goes down. */
function watchSends(stream: MessageStream): number[][] {
  const pieces: number[][] = []
  const send = stream.send.bind(stream)
  stream.send = (data) => {
    pieces.push(data instanceof Uint8Array ? [data.byteLength] : [...data].map((chunk) => chunk.byteLength))
    return send(data)
  }
  return pieces
}

function collect(stream: MessageStream): Buffer[] {
  const got: Buffer[] = []
  stream.addEventListener('message', (event) => got.push(Buffer.from(event.data.subarray())))
  return got
}

async function turn(): Promise<void> {
  await new Promise((resolve) => queueMicrotask(() => queueMicrotask(() => resolve(undefined))))
}

describe('CoalescedStream', () => {
  it('hands down one piece of memory for each send', async () => {
    const [lower, other] = multiaddrConnectionPair()
    const pieces = watchSends(lower)
    const stream = new CoalescedStream(lower)
    stream.send(new Uint8ArrayList(Buffer.of(0, 5), Buffer.from('hello')))
    stream.send(Buffer.from('x'))
    assert.deepEqual(pieces, [[7], [1]])
    const got = collect(other)
    await stream.close()
    assert.equal(Buffer.concat(got).toString('latin1'), '\0\x05hellox')
  })

  it('gathers what is sent within one turn, up to the size of a Noise message', async () => {
    const [lower, other] = multiaddrConnectionPair({ capacity: 1000 })
    const pieces = watchSends(lower)
    const stream = new CoalescedStream(lower, { gather: true })
    for (let count = 0; count < 50; count++) stream.send(new Uint8ArrayList(Buffer.alloc(12), Buffer.alloc(88)))
    assert.deepEqual(pieces, [])
    await turn()
    assert.deepEqual(pieces, [[5000]])
    for (let count = 0; count < 70; count++) stream.send(Buffer.alloc(1024))
    await turn()
    assert.deepEqual(pieces.slice(1), [[60 * 1024], [10 * 1024]])
    const got = collect(other)
    await stream.close()
    assert.equal(Buffer.concat(got).length, 5000 + 70 * 1024)
  })

  for (const gather of [false, true]) {
    it(`keeps order and content under backpressure${gather ? ', gathering' : ''}`, async () => {
      const random = seededRandom(7)
      const [lower, other] = multiaddrConnectionPair({ capacity: 3 })
      const stream = new CoalescedStream(lower, { gather })
      const upper = new CoalescedStream(other, { gather })
      const got = collect(upper)
      const sent: Buffer[] = []
      let rests = 0
      let largestQueue = 0
      for (let count = 0; count < 400; count++) {
        const data = Buffer.from(
          Array.from({ length: 1 + Math.floor(random() * 3000) }, () => Math.floor(random() * 256)),
        )
        sent.push(data)
        if (!stream.send(data)) {
          rests++
          await whenDrained(stream)
        }
        largestQueue = Math.max(largestQueue, stream.writeBufferLength + lower.writeBufferLength)
      }
      await stream.close()
      assert.ok(Buffer.concat(got).equals(Buffer.concat(sent)))
      assert.ok(rests > 0, 'backpressure never reached the writer')
      assert.ok(largestQueue < 64 * 1024, `${largestQueue} bytes waited`)
    })
  }

  it('holds back what may wait until something else goes, much has gathered, or some milliseconds are over', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
    const [lower] = multiaddrConnectionPair()
    const pieces = watchSends(lower)
    const mayWait = (data: Uint8ArrayList) => (data.get(0) === 0 ? data.byteLength * 1024 : undefined)
    const stream = new CoalescedStream(lower, { gather: true, mayWait })
    stream.send(Buffer.alloc(12))
    await turn()
    assert.deepEqual(pieces, [])
    stream.send(Buffer.alloc(8, 1))
    await turn()
    assert.deepEqual(pieces.splice(0), [[20]], 'with the next one')
    stream.send(Buffer.alloc(12))
    t.mock.timers.tick(10)
    assert.deepEqual(pieces.splice(0), [[12]], 'in time')
    for (let count = 0; count < 6; count++) stream.send(Buffer.alloc(12))
    t.mock.timers.tick(0)
    assert.deepEqual(pieces.splice(0), [[72]], 'being much')
    stream.abort(new Error('over'))
  })

  it('sends everything before it closes, also what is held back', async () => {
    const [lower, other] = multiaddrConnectionPair({ capacity: 2, delay: 1 })
    const stream = new CoalescedStream(lower, { gather: true })
    const got = collect(other)
    for (let count = 0; count < 20; count++) {
      stream.send(Buffer.alloc(1000, count))
      await turn()
    }
    assert.ok(stream.writeBufferLength + lower.writeBufferLength > 0, 'nothing was held back')
    const closed = once(other, 'close')
    await stream.close()
    await closed
    assert.equal(Buffer.concat(got).length, 20_000)
    assert.equal(stream.status, 'closed')
    assert.throws(() => stream.send(Buffer.of(1)), { name: 'StreamStateError' })
  })

  it('stops the other side while it is paused, and loses nothing', async () => {
    const [lower, other] = multiaddrConnectionPair({ capacity: 4 })
    const stream = new CoalescedStream(lower, { gather: true })
    const writer = new CoalescedStream(other, { gather: true })
    const got = collect(stream)
    stream.pause()
    let sent = 0
    let mayGoOn = true
    for (; mayGoOn && sent < 1000; sent++) {
      mayGoOn = writer.send(Buffer.alloc(1000, sent))
      await turn()
    }
    // Were the stream below not paused, it would go on at the next turn of the event loop.
    for (let count = 0; count < 20; count++) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(!mayGoOn && writer.writableNeedsDrain, 'the writer was not stopped')
    assert.deepEqual(got, [])
    stream.resume()
    await writer.close()
    assert.equal(Buffer.concat(got).length, sent * 1000)
  })

  it('passes half closing in both directions', async () => {
    const [left, right] = await streamPair()
    const near = new CoalescedStream(left, { gather: true })
    const far = new CoalescedStream(right, { gather: true })
    const got = collect(far)
    const back = collect(near)
    near.send(Buffer.from('question'))
    const ended = once(far, 'end')
    await near.close()
    await ended
    assert.equal(Buffer.concat(got).toString(), 'question')
    far.send(Buffer.from('answer'))
    const closed = Promise.all([once(near, 'close'), once(far, 'close')])
    await far.close()
    await closed
    assert.equal(Buffer.concat(back).toString(), 'answer')
    assert.deepEqual([near.status, far.status], ['closed', 'closed'])
  })

  it('passes an abort as a reset, both ways, once', async () => {
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const lowers = multiaddrConnectionPair()
      const streams = [new CoalescedStream(lowers[0], { gather: true }), new CoalescedStream(lowers[1])] as const
      const closes: string[] = []
      for (const stream of streams) stream.addEventListener('close', () => closes.push(stream.status))
      const reset = once(streams[to], 'close')
      streams[from].abort(new Error('cable cut'))
      await reset
      assert.deepEqual(closes.sort(), ['aborted', 'reset'])
      assert.equal(lowers[from].status, 'aborted')
    }
  })

  it('survives that the stream below ends while a batch waits', async () => {
    for (const [status, end] of [
      ['aborted', (lower: MessageStream) => lower.abort(new Error('cable cut'))],
      ['closed', (lower: MessageStream) => void lower.close()],
    ] as const) {
      const [lower] = multiaddrConnectionPair()
      const stream = new CoalescedStream(lower, { gather: true })
      const closed = once(stream, 'close')
      stream.send(Buffer.alloc(10))
      end(lower)
      await turn()
      await closed
      assert.equal(stream.status, status)
      await assert.doesNotReject(stream.close())
    }
  })

  it('gives what had arrived to a reader that comes after the end', async () => {
    const [lower, other] = multiaddrConnectionPair()
    const stream = new CoalescedStream(lower)
    other.send(Buffer.from('last words'))
    await other.close()
    if (stream.status === 'open') await once(stream, 'close')
    stream.pause()
    stream.resume()
    const got = collect(stream)
    await turn()
    assert.equal(Buffer.concat(got).toString(), 'last words')
  })

  it('counts both directions, and knows the address below it', async () => {
    const counts = { sent: 0, received: 0 }
    const [lower, other] = multiaddrConnectionPair()
    const stream = new CoalescedStream(lower, {
      gather: true,
      onBytes(direction, bytes) {
        counts[direction] += bytes
      },
    })
    other.send(Buffer.alloc(33))
    stream.send(new Uint8ArrayList(Buffer.alloc(10), Buffer.alloc(90)))
    const got = collect(stream)
    await once(stream, 'message')
    assert.equal(Buffer.concat(got).length, 33)
    assert.deepEqual(counts, { sent: 100, received: 33 })
    assert.equal(remoteAddress(new CoalescedStream(stream)), lower.remoteAddr.toString())
    await stream.close()
  })
})
