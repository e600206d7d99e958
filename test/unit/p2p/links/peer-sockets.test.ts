import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { poll } from '../../../support/poll.ts'
import { HTTP_PROTOCOL, type Pair, type Peer, startHttpPair, startPair, startPeer } from './nodes.ts'

const options = { timeout: 30_000 }
const MEBIBYTE = 2 ** 20

/** Sockets with nobody behind them that reads. */
function hoard(): { readonly accepted: Duplex[]; accept(socket: Duplex): void } {
  const accepted: Duplex[] = []
  return { accepted, accept: (socket) => void accepted.push(socket) }
}

/** `count` sockets, one after the other, so that their order on the other side is this one. */
async function openInOrder({ asking, serving }: Pair, accepted: readonly Duplex[], count: number): Promise<Duplex[]> {
  const sockets: Duplex[] = []
  while (sockets.length < count) {
    const socket = await asking.sockets.open(serving.id)
    socket.write(Buffer.of(0))
    sockets.push(socket)
    await poll('it is accepted', 5000, () => accepted.length === sockets.length)
  }
  return sockets
}

async function startedPeer(context: TestContext): Promise<Peer> {
  const peer = await startPeer()
  context.after(() => peer.stop())
  return peer
}

test('a peer without a connection cannot be reached, nor can one that is none', options, async (context) => {
  const [one, other] = await Promise.all([startedPeer(context), startedPeer(context)])
  await assert.rejects(one.sockets.open(other.id), { code: 'peer.unreachable' })
  await assert.rejects(one.sockets.open('nonsense'), { code: 'peer.unreachable' })
})

test("a caller that has left gets its signal's reason", options, async (context) => {
  const { asking, serving } = await startPair(context, {})
  const reason = new Error('left')
  await assert.rejects(asking.sockets.open(serving.id, { signal: AbortSignal.abort(reason) }), reason)
})

test('a peer that does not answer in time cannot be reached', options, async (context) => {
  const { asking, serving } = await startPair(context, {}, { openTimeoutMs: 50 })
  const silent = asking.node.getConnections()[0]
  assert.ok(silent)
  context.mock.method(silent, 'newStream', (_protocol: string, { signal }: { signal: AbortSignal }) =>
    once(signal, 'abort').then(() => Promise.reject(signal.reason)),
  )
  await assert.rejects(asking.sockets.open(serving.id), { code: 'peer.unreachable' })
})

test('of many streams that nobody reads the peer loses the newest', options, async (context) => {
  const { accepted, accept } = hoard()
  const budget = 2 * MEBIBYTE
  const pair = await startPair(context, { accept, maxHeldBytesPerPeer: budget })
  const sockets = await openInOrder(pair, accepted, 40)
  for (const socket of sockets) socket.write(Buffer.alloc(MEBIBYTE))
  const alive = (): boolean[] => accepted.map((socket) => !socket.destroyed)
  const living = (): number => alive().filter(Boolean).length
  // Each fills its first window of 256 KiB: only eight of them fit.
  await poll('only as many live as fit', 10_000, () => living() <= 8)
  assert.ok(pair.serving.sockets.counts().heldBytes <= budget)
  assert.deepEqual(alive().slice(0, 4), [true, true, true, true], 'the oldest live')
  await poll('the other side hears of it', 10_000, () => pair.asking.streams().length === living())
})

test('many streams with little each count as one with much', options, async (context) => {
  const { accepted, accept } = hoard()
  const pair = await startPair(context, { accept, maxHeldBytesPerPeer: MEBIBYTE })
  const sockets = await openInOrder(pair, accepted, 40)
  // Less than would stop the stream.
  for (const socket of sockets) socket.write(Buffer.alloc(48 * 1024))
  await poll('all has come', 10_000, () => sockets.every((socket) => socket.destroyed || socket.writableLength === 0))
  await poll('the newest are reset', 10_000, () => accepted.filter(({ destroyed }) => destroyed).length > 10)
  // It is looked after each eighth of the bound.
  assert.ok(pair.serving.sockets.counts().heldBytes <= (MEBIBYTE * 9) / 8 + 48 * 1024)
  assert.equal(accepted[0]?.destroyed, false)
})

test('what cannot be sent because nobody reads it counts as well', options, async (context) => {
  const greedy: Duplex[] = []
  const pair = await startPair(context, {
    maxHeldBytesPerPeer: MEBIBYTE,
    accept(socket) {
      greedy.push(socket)
      // An application that does not wait.
      for (let piece = 0; piece < 64; piece += 1) socket.write(Buffer.alloc(MEBIBYTE / 16))
    },
  })
  const socket = await pair.asking.sockets.open(pair.serving.id)
  socket.write(Buffer.of(0))
  await poll('it is reset', 10_000, () => greedy[0]?.destroyed)
})

test('all peers together have a bound as well, and a quiet one lives', options, async (context) => {
  const { accepted, accept } = hoard()
  const pair = await startPair(context, { accept, maxHeldBytesPerPeer: 100 * MEBIBYTE, maxHeldBytes: MEBIBYTE })
  const quiet = await startedPeer(context)
  await quiet.node.dial(pair.serving.node.getMultiaddrs())
  const quietSocket = await quiet.sockets.open(pair.serving.id)
  quietSocket.write('hello')
  await poll('it is accepted', 5000, () => accepted.length === 1)
  const greedy = await Promise.all(Array.from({ length: 20 }, () => pair.asking.sockets.open(pair.serving.id)))
  for (const socket of greedy) socket.write(Buffer.alloc(MEBIBYTE / 4))
  await poll('all have come', 10_000, () => accepted.length === 21)
  await poll('streams are reset', 10_000, () => accepted.some((socket) => socket.destroyed))
  await poll('the bound holds', 10_000, () => pair.serving.sockets.counts().heldBytes <= MEBIBYTE)
  assert.equal(accepted[0]?.destroyed, false)
})

test('a peer gets only so many streams, over all its connections', options, async (context) => {
  const { accept, accepted } = hoard()
  const pair = await startPair(context, { accept, maxStreamsPerPeer: 4 })
  await pair.asking.node.dial(pair.serving.node.getMultiaddrs(), { force: true })
  const sockets = await openInOrder(pair, accepted, 4)
  const connections = pair.asking.node.getConnections()
  assert.equal(connections.length, 2)
  for (const connection of connections) {
    const extra = await connection.newStream(HTTP_PROTOCOL, { maxOutboundStreams: 100 })
    await poll('it is reset', 5000, () => extra.status === 'reset')
  }
  assert.equal(pair.serving.sockets.counts().inbound, 4)
  sockets[0]?.destroy()
  await poll('the place is free', 5000, () => pair.serving.sockets.counts().inbound === 3)
})

test('a stream without a first byte is handed to nobody, and closed after its time', options, async (context) => {
  const pair = await startPair(context, { silentTimeoutMs: 50 })
  const socket = await pair.asking.sockets.open(pair.serving.id)
  await new Promise<void>((resolve) => socket.once('close', resolve))
  assert.equal(pair.serving.sockets.counts().inbound, 0)
})

test('a stream that ends without a byte is closed at once', options, async (context) => {
  const pair = await startPair(context, {})
  const socket = await pair.asking.sockets.open(pair.serving.id)
  socket.end()
  await poll('nothing is left', 5000, () => pair.serving.sockets.counts().inbound === 0)
  await poll('nothing is left here', 5000, () => pair.asking.streams().length === 0)
})

test('a socket that cannot be served is closed, and the node goes on', options, async (context) => {
  let served = 0
  const pair = await startPair(context, {
    accept(socket) {
      served += 1
      if (served === 1) throw new Error('not today')
      socket.end('welcome')
    },
  })
  const refused = await pair.asking.sockets.open(pair.serving.id)
  refused.write('hello')
  await new Promise<void>((resolve) => refused.once('close', resolve))
  const socket = await pair.asking.sockets.open(pair.serving.id)
  socket.write('hello')
  const [chunk] = await once(socket, 'data')
  assert.equal(String(chunk), 'welcome')
  socket.destroy()
})

test('sockets opened in advance are used first and replaced', options, async (context) => {
  const server = createServer((_request, response) => response.end('x'))
  const { asking, serving } = await startHttpPair(context, server)
  const waiting = (): number => asking.sockets.counts().waiting
  asking.sockets.warm(serving.id, 3)
  await poll('three wait', 5000, () => waiting() === 3)
  const before = asking.streams().map(({ id }) => id)
  const socket = await asking.sockets.open(serving.id)
  assert.deepEqual(
    asking.streams().map(({ id }) => id),
    before,
    'no stream was opened for it',
  )
  assert.equal(waiting(), 2)
  socket.write('GET / HTTP/1.1\r\nhost: peer\r\n\r\n')
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 200 /)
  await poll('three wait again', 5000, () => waiting() === 3)
  socket.destroy()
})

test('a waiting socket that the other side closed is not used, and replaced', options, async (context) => {
  const { asking, serving } = await startPair(context, {})
  asking.sockets.warm(serving.id, 2)
  await poll('they wait', 5000, () => serving.streams().length === 2)
  for (const stream of serving.streams()) stream.abort(new Error('gone'))
  await poll('they are gone', 5000, () => asking.sockets.counts().waiting === 0)
  await poll('there are new ones', 10_000, () => asking.sockets.counts().waiting === 2)
})

test('waiting sockets are renewed before the other side takes them for silent', options, async (context) => {
  const { asking, serving } = await startPair(context, {}, { silentTimeoutMs: 200 })
  asking.sockets.warm(serving.id, 1)
  const first = await poll('it waits', 5000, () => asking.streams()[0])
  await poll('it was replaced', 10_000, () => {
    const [now] = asking.streams()
    return now !== undefined && now.id !== first.id
  })
})

test('a socket that waits on a relayed path is not used when there is a direct one', options, async (context) => {
  const { asking, serving } = await startPair(context, {})
  const [connection] = asking.node.getConnections()
  assert.ok(connection)
  connection.direct = false
  asking.sockets.warm(serving.id, 1)
  const relayed = await poll('it waits', 5000, () => asking.streams()[0])
  connection.direct = true
  const socket = await asking.sockets.open(serving.id)
  assert.equal(relayed.status, 'aborted')
  assert.equal(socket.destroyed, false)
})

test('when the peer goes nothing waits for it', options, async (context) => {
  const { asking, serving } = await startPair(context, {})
  asking.sockets.warm(serving.id, 2)
  await poll('they wait', 5000, () => asking.sockets.counts().waiting === 2)
  await serving.node.stop()
  await poll('nothing is left', 5000, () => {
    const { outbound, waiting } = asking.sockets.counts()
    return outbound + waiting === 0
  })
})

test('a peer that is given up loses all its sockets', options, async (context) => {
  const { accepted, accept } = hoard()
  const pair = await startPair(context, { accept })
  pair.asking.sockets.warm(pair.serving.id, 1)
  const [socket] = await openInOrder(pair, accepted, 1)
  const failed = once(socket as Duplex, 'error')
  pair.asking.sockets.drop(pair.serving.id)
  assert.equal((await failed)[0].code, 'ECONNRESET')
  assert.deepEqual(pair.asking.sockets.counts(), { inbound: 0, outbound: 0, waiting: 0, heldBytes: 0 })
})

test('a socket that is being opened to a peer that is given up fails at once', options, async (context) => {
  const { asking, serving } = await startPair(context, {}, { openTimeoutMs: 20_000 })
  const [connection] = asking.node.getConnections()
  assert.ok(connection)
  context.mock.method(connection, 'newStream', (_protocol: string, { signal }: { signal: AbortSignal }) =>
    once(signal, 'abort').then(() => Promise.reject(signal.reason)),
  )
  for (const turns of [0, 1]) {
    const opening = asking.sockets.open(serving.id)
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
    asking.sockets.drop(serving.id)
    await assert.rejects(opening, { code: 'peer.unreachable', message: 'the peer was given up' })
  }
})

test('after stop nothing is open and nothing is opened', options, async (context) => {
  const { asking, serving } = await startPair(context, {})
  asking.sockets.warm(serving.id, 2)
  await poll('they wait', 5000, () => asking.sockets.counts().waiting === 2)
  await asking.sockets.stop()
  await asking.sockets.stop()
  await poll('nothing is open', 5000, () => asking.sockets.counts().outbound === 0)
  await assert.rejects(asking.sockets.open(serving.id), { code: 'node.stopping' })
  await poll('the other side is free', 5000, () => serving.sockets.counts().inbound === 0)
})
