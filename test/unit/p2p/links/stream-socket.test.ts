import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { MultiaddrConnection, Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { StreamSocket } from '../../../../src/p2p/links/stream-socket.ts'
import { poll } from '../../../support/poll.ts'

const WINDOW_BYTES = 256 * 1024
const options = { timeout: 20_000 }

interface Joined {
  readonly socket: StreamSocket
  /** The other end of it, bare. */
  readonly far: Stream
  /** The connection below the socket. */
  readonly connection: MultiaddrConnection
}

/** A socket over a real yamux stream; below it only memory. */
async function join(context: TestContext): Promise<Joined> {
  const [near, other] = multiaddrConnectionPair()
  const factory = yamux({
    enableKeepAlive: false,
    streamOptions: {
      initialStreamWindowSize: WINDOW_BYTES,
      maxStreamWindowSize: WINDOW_BYTES,
      maxReadBufferLength: 4 * WINDOW_BYTES,
    },
  })()
  const nearMuxer: StreamMuxer = factory.createStreamMuxer(near)
  const farMuxer: StreamMuxer = factory.createStreamMuxer(other)
  context.after(() => {
    for (const muxer of [nearMuxer, farMuxer]) muxer.abort(new Error('the test is over'))
    for (const connection of [near, other]) connection.abort(new Error('the test is over'))
  })
  const arrived = Promise.withResolvers<Stream>()
  farMuxer.addEventListener('stream', (event) => arrived.resolve(event.detail), { once: true })
  const stream = await nearMuxer.createStream()
  const socket = new StreamSocket(stream, { peerId: 'peer', relayed: false })
  return { socket, far: await arrived.promise, connection: near }
}

/** `events.once` would fail with the socket's error. */
async function closed(socket: StreamSocket): Promise<void> {
  if (socket.closed) return
  await new Promise<void>((resolve) => socket.once('close', resolve))
}

async function text(socket: StreamSocket): Promise<string> {
  let all = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) all += chunk
  return all
}

test('it looks like a socket whose address is the peer', options, async (context) => {
  const { socket } = await join(context)
  assert.equal(socket.remoteAddress, 'peer')
  assert.equal(socket.encrypted, true)
  assert.equal(socket.setNoDelay().setKeepAlive().ref().unref(), socket)
  socket.destroy()
})

test('a reset with unread bytes fails at once and ends nothing but the socket', options, async (context) => {
  const { socket, far } = await join(context)
  far.send(Buffer.from('some'))
  await once(socket, 'readable')
  far.abort(new Error('gone'))
  const [error] = await once(socket, 'error')
  assert.equal(error.code, 'ECONNRESET')
  assert.equal(socket.destroyed, true)
})

test('an error that nobody listens to does not end the process', options, async (context) => {
  const { socket, far } = await join(context)
  far.abort(new Error('gone'))
  await closed(socket)
  assert.equal((socket.errored as NodeJS.ErrnoException).code, 'ECONNRESET')
})

test('after FIN everything can be read to a clean end, also when a reset follows', options, async (context) => {
  const { socket, far } = await join(context)
  const sent = randomBytes(100_000).toString('hex')
  far.send(Buffer.from(sent))
  await far.close()
  far.abort(new Error('I read no more'))
  await poll('the reset has come', 5000, () => !socket.isUsable)
  assert.equal(await text(socket), sent)
  await poll('the socket is closed', 5000, () => socket.destroyed)
})

test('a connection that vanishes gives what came before, then an error', options, async (context) => {
  const { socket, far, connection } = await join(context)
  const sent = randomBytes(120_000).toString('hex')
  far.send(Buffer.from(sent.slice(0, 200_000)))
  await poll('the stream is paused', 5000, () => socket.isBlocked && socket.heldBytes === 200_000)
  far.send(Buffer.from(sent.slice(200_000)))
  await poll('all has come', 5000, () => socket.heldBytes === sent.length)
  await connection.close()
  let read = ''
  await assert.rejects(
    async () => {
      for await (const chunk of socket) read += chunk
    },
    { code: 'ECONNRESET' },
  )
  assert.equal(read, sent)
})

test('a connection that vanishes with nothing unread is an error', options, async (context) => {
  const { socket, connection } = await join(context)
  socket.resume()
  const failed = once(socket, 'error')
  await connection.close()
  assert.equal((await failed)[0].code, 'ECONNRESET')
})

test('destroying it resets the stream for the other side', options, async (context) => {
  const { socket, far } = await join(context)
  const closed = once(far as unknown as EventTarget, 'close')
  socket.destroy()
  await closed
  assert.equal(far.status, 'reset')
})

test('destroySoon sends what is left first', options, async (context) => {
  const { socket, far } = await join(context)
  let received = 0
  far.addEventListener('message', ({ data }) => {
    received += data.byteLength
  })
  socket.write(Buffer.alloc(3 * WINDOW_BYTES))
  socket.destroySoon()
  await closed(socket)
  assert.equal(socket.errored, null)
  await poll('all has come', 5000, () => received === 3 * WINDOW_BYTES)
})

test('writing after the other side reset is EPIPE or ECONNRESET, not a throw', options, async (context) => {
  const { socket, far } = await join(context)
  far.abort(new Error('gone'))
  await closed(socket)
  const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => socket.write('x', resolve))
  assert.match(String(error?.code), /ERR_STREAM_DESTROYED|EPIPE|ECONNRESET/)
})

test('a stream that is already over makes a socket that fails', options, async (context) => {
  const { far } = await join(context)
  far.abort(new Error('gone'))
  const socket = new StreamSocket(far, { peerId: 'peer', relayed: false })
  await closed(socket)
  assert.equal((socket.errored as NodeJS.ErrnoException).code, 'ECONNRESET')
})

test('a slow reader keeps the window closed: little is held, and the stream lives', options, async (context) => {
  const { socket, far } = await join(context)
  let sent = 0
  const piece = Buffer.alloc(16 * 1024)
  const fill = (): void => {
    while (far.status === 'open' && far.send(piece)) sent += piece.length
  }
  far.addEventListener('drain', () => setImmediate(fill))
  fill()
  for (let round = 0; round < 30; round += 1) {
    await once(socket, 'readable')
    // Less than the buffer holds, so that it is full again as soon as the stream has resumed.
    socket.read(32 * 1024)
    let before = -1
    await poll('nothing more comes', 5000, () => {
      const same = before === socket.heldBytes
      before = socket.heldBytes
      return same
    })
    // One window delivered, one under way, and what the buffer here may hold.
    assert.ok(socket.heldBytes <= 2 * WINDOW_BYTES + socket.readableHighWaterMark, `${socket.heldBytes} bytes`)
  }
  assert.equal(socket.destroyed, false)
  assert.ok(sent > 3 * WINDOW_BYTES)
  socket.destroy()
})

test('one large message is given on in pieces, and a pause in between holds', options, async (context) => {
  const { socket, far } = await join(context)
  const sizes: number[] = []
  socket.on('data', (chunk: Buffer) => {
    sizes.push(chunk.length)
    socket.pause()
  })
  far.send(Buffer.alloc(200_000))
  await poll('all has come', 5000, () => socket.bytesRead === 200_000)
  assert.equal(sizes.length, 1)
  assert.ok((sizes[0] ?? 0) <= 64 * 1024)
  socket.destroy()
})

for (const direction of ['reading', 'writing']) {
  test(`a time-out counts from the last ${direction}, and closes nothing`, options, async (context) => {
    const { socket, far } = await join(context)
    let lastTraffic = 0
    socket.on('data', () => {
      lastTraffic = performance.now()
    })
    socket.setTimeout(200)
    assert.equal(socket.timeout, 200)
    setTimeout(() => {
      if (direction === 'reading') return far.send(Buffer.of(1))
      lastTraffic = performance.now()
      socket.write('x')
    }, 100)
    await once(socket, 'timeout')
    assert.notEqual(lastTraffic, 0)
    assert.ok(performance.now() - lastTraffic > 195)
    assert.equal(socket.destroyed, false)
    socket.destroy()
  })
}

test('a time-out that was taken back does not come', options, async (context) => {
  const { socket } = await join(context)
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const onTimeout = (): void => assert.fail('it was taken back')
  socket.setTimeout(1, onTimeout)
  socket.setTimeout(0, onTimeout)
  assert.equal(socket.listenerCount('timeout'), 0)
  context.mock.timers.tick(1000)
  socket.destroy()
})
