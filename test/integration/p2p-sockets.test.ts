import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import fastify from 'fastify'
import { Pool } from 'undici'
import { acceptInto } from '../support/p2p/accept-into.ts'
import { poll } from '../support/poll.ts'
import { seededRandom } from '../support/random.ts'
import { type Pair, type Peer, startHttpPair, startPair, startPeer } from '../unit/p2p/links/nodes.ts'

const LIMIT_MS = 60_000
const options = { timeout: LIMIT_MS }
const MEBIBYTE = 2 ** 20

function poolTo(context: TestContext, { asking, serving }: Pair, connections = 64): Pool {
  const pool = new Pool('http://peer', {
    connections,
    pipelining: 1,
    bodyTimeout: 0,
    headersTimeout: 0,
    connect(_options, callback) {
      // undici asks for no more of a socket than our Duplex has.
      asking.sockets.open(serving.id).then(
        (socket) => callback(null, socket as unknown as Socket),
        (error) => callback(error, null),
      )
    },
  })
  context.after(() => pool.destroy())
  return pool
}

async function nothingOpen(...peers: readonly Peer[]): Promise<void> {
  await poll('no stream is left', 10_000, () =>
    peers.every((peer) => {
      const { inbound, outbound, heldBytes } = peer.sockets.counts()
      return inbound + outbound + heldBytes + peer.streams().length === 0
    }),
  )
}

/** Waits until a number has not changed for a good while, and gives it. */
async function standsStill(read: () => number): Promise<number> {
  let last = -1
  let same = 0
  await poll('the number stands still', 20_000, () => {
    same = read() === last ? same + 1 : 0
    last = read()
    return same >= 15
  })
  return last
}

test('each event passes before the next is written', options, async (context) => {
  const seen = Array.from({ length: 20 }, () => Promise.withResolvers<void>())
  const server = createServer(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const [index, { promise }] of seen.entries()) {
      response.write(`data: ${index}\n\n`)
      await promise
    }
    response.end()
  })
  const pool = poolTo(context, await startHttpPair(context, server))
  const { body } = await pool.request({ path: '/', method: 'GET' })
  let index = 0
  for await (const chunk of body) {
    assert.equal(String(chunk), `data: ${index}\n\n`)
    seen[index]?.resolve()
    index += 1
  }
  assert.equal(index, seen.length)
})

test('a client that leaves is noticed while the answer runs', options, async (context) => {
  const left = Promise.withResolvers<boolean>()
  const server = createServer((_request, response) => {
    response.write('first')
    response.once('close', () => left.resolve(response.writableFinished))
  })
  const pair = await startHttpPair(context, server)
  const pool = poolTo(context, pair)
  const abort = new AbortController()
  const { body } = await pool.request({ path: '/', method: 'GET', signal: abort.signal })
  await assert.rejects(async () => {
    for await (const _ of body) abort.abort()
  }, /abort/i)
  assert.equal(await left.promise, false)
  await nothingOpen(pair.asking, pair.serving)
})

test('a reader that stops makes the writer stand still, within little memory', options, async (context) => {
  let written = 0
  const gone = Promise.withResolvers<void>()
  const server = createServer(async (_request, response) => {
    response.once('close', gone.resolve)
    const piece = randomBytes(64 * 1024)
    while (!response.destroyed && written < 400 * MEBIBYTE) {
      written += piece.length
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), gone.promise])
    }
  })
  const pair = await startHttpPair(context, server)
  const { body } = await poolTo(context, pair).request({ path: '/', method: 'GET' })
  await once(body, 'readable')
  const first = await standsStill(() => written)
  assert.ok(first < 8 * MEBIBYTE, `${first} bytes were written`)
  let read = 0
  for await (const chunk of body) {
    read += (chunk as Buffer).length
    // A reader that goes on slowly must not open the window for good.
    if (read > 40 * MEBIBYTE) break
    assert.ok(pair.asking.sockets.counts().heldBytes <= 3 * MEBIBYTE)
    assert.ok(written - read < 8 * MEBIBYTE, `${written - read} bytes are under way`)
  }
  await gone.promise
  await nothingOpen(pair.asking, pair.serving)
})

test('an upload waits for a server that does not read', options, async (context) => {
  const go = Promise.withResolvers<void>()
  const hash = createHash('sha256')
  const server = createServer(async (request, response) => {
    await go.promise
    const received = createHash('sha256')
    for await (const chunk of request) received.update(chunk as Buffer)
    response.end(received.digest('hex'))
  })
  const pool = poolTo(context, await startHttpPair(context, server))
  let given = 0
  async function* upload(): AsyncGenerator<Buffer> {
    const piece = randomBytes(64 * 1024)
    while (given < 32 * MEBIBYTE) {
      given += piece.length
      hash.update(piece)
      yield piece
    }
  }
  const answer = pool.request({ path: '/', method: 'POST', body: Readable.from(upload()) })
  assert.ok((await standsStill(() => given)) < 8 * MEBIBYTE)
  go.resolve()
  assert.equal(await (await answer).body.text(), hash.digest('hex'))
})

for (const kind of ['http', 'bytes']) {
  test(`a node that is killed in the middle is an error, never a clean end (${kind})`, options, async (context) => {
    const child = fork(new URL('../unit/p2p/links/serving-process.ts', import.meta.url), [kind])
    context.after(() => child.kill('SIGKILL'))
    const asking = await startPeer()
    context.after(() => asking.stop())
    const [addresses] = (await once(child, 'message')) as [string[]]
    const connection = await asking.node.dial(addresses.map((address) => multiaddr(address)))
    const serving = { id: connection.remotePeer.toString() } as Peer
    if (kind === 'http') {
      const pool = poolTo(context, { asking, serving, dial: async () => connection })
      const { body } = await pool.request({ path: '/', method: 'GET' })
      await assert.rejects(async () => {
        for await (const _ of body) child.kill('SIGKILL')
      }, /other side closed|broke|given up|terminated/)
    } else {
      const socket = await asking.sockets.open(serving.id)
      socket.write('hello')
      let read = ''
      const reading = assert.rejects(
        async () => {
          for await (const chunk of socket) {
            read += chunk
            child.kill('SIGKILL')
          }
        },
        { code: 'ECONNRESET' },
      )
      await reading
      assert.equal(read, 'first')
    }
    await nothingOpen(asking)
  })
}

test('requests one after the other share one stream', options, async (context) => {
  const server = createServer((_request, response) => response.end('{}'))
  const pair = await startHttpPair(context, server)
  const pool = poolTo(context, pair, 1)
  let opened = 0
  server.on('connection', () => {
    opened += 1
  })
  for (let round = 0; round < 50; round += 1) {
    const { body } = await pool.request({ path: '/', method: 'POST', body: '{}' })
    await body.dump()
  }
  assert.equal(opened, 1)
})

test('a thousand requests run at once between two nodes', options, async (context) => {
  const waiting: ServerResponse[] = []
  const server = createServer((request, response) => {
    response.setHeader('x-path', request.url ?? '')
    waiting.push(response)
    if (waiting.length === 1000) for (const each of waiting) each.end(each.getHeader('x-path'))
  })
  const pair = await startHttpPair(context, server)
  const pool = poolTo(context, pair, 1000)
  const answers = await Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      const { body } = await pool.request({ path: `/${index}`, method: 'GET' })
      return await body.text()
    }),
  )
  assert.deepEqual(
    answers,
    Array.from({ length: 1000 }, (_, index) => `/${index}`),
  )
  await pool.close()
  await nothingOpen(pair.asking, pair.serving)
})

test(
  'a hundred streams opened right after the dial all work, also with the limits of the library',
  options,
  async (context) => {
    const pair = await startPair(context, { accept: (socket) => socket.pipe(socket), maxEarlyStreams: 10 })
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(pair.asking.node.getConnections().map((connection) => connection.close()))
      await pair.dial()
      const texts = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const socket = await pair.asking.sockets.open(pair.serving.id)
          socket.end(String(index))
          let text = ''
          for await (const chunk of socket) text += chunk
          return text
        }),
      )
      assert.deepEqual(
        texts,
        Array.from({ length: 100 }, (_, index) => String(index)),
      )
    }
  },
)

test('each direction closes on its own', options, async (context) => {
  const accepted = Promise.withResolvers<Duplex>()
  const pair = await startPair(context, { accept: (socket) => accepted.resolve(socket) })
  const socket = await pair.asking.sockets.open(pair.serving.id)
  socket.end('question')
  const other = await accepted.promise
  let question = ''
  for await (const chunk of other.iterator({ destroyOnReturn: false })) question += chunk
  assert.equal(question, 'question')
  assert.equal(other.destroyed, false)
  other.end('answer')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  assert.equal(answer, 'answer')
  await nothingOpen(pair.asking, pair.serving)
})

test('bytes of any size arrive as they were sent, both ways, with pauses on both sides', options, async (context) => {
  const accepted: Duplex[] = []
  const pair = await startPair(context, { accept: (socket) => void accepted.push(socket) })
  const seed = Math.trunc(Math.random() * 2 ** 32)
  context.diagnostic(`seed ${seed}`)
  const opened = await Promise.all(Array.from({ length: 8 }, () => pair.asking.sockets.open(pair.serving.id)))
  // The other side gets a socket with its first bytes, in the order of these.
  const both: [Duplex, Duplex][] = []
  for (const [index, socket] of opened.entries()) {
    socket.write(Buffer.of(index))
    const other = await poll('the socket is accepted', 5000, () => accepted[index])
    assert.equal((await readBytes(other, 1))[0], index)
    both.push([socket, other])
  }
  await Promise.all(
    both.flatMap(([one, other], index) => [
      carry(one, other, seededRandom(seed + 2 * index)),
      carry(other, one, seededRandom(seed + 2 * index + 1)),
    ]),
  )
  await nothingOpen(pair.asking, pair.serving)
})

async function readBytes(socket: Duplex, count: number): Promise<Buffer> {
  for (;;) {
    const bytes: Buffer | null = socket.read(count)
    if (bytes !== null) return bytes
    await once(socket, 'readable')
  }
}

async function carry(from: Duplex, to: Duplex, random: () => number): Promise<void> {
  const sent = createHash('sha256')
  const received = createHash('sha256')
  const write = async (): Promise<void> => {
    for (let left = 3 * MEBIBYTE; left > 0; ) {
      const size = Math.min(left, 1 + Math.trunc(random() ** 4 * 500_000))
      const piece = randomBytes(size)
      left -= size
      sent.update(piece)
      if (!from.write(piece)) await once(from, 'drain')
      if (random() < 0.1) await sleep(random() * 5)
    }
    from.end()
  }
  const read = async (): Promise<void> => {
    for await (const chunk of to.iterator({ destroyOnReturn: false })) {
      received.update(chunk as Buffer)
      if (random() < 0.1) await sleep(random() * 5)
    }
  }
  await Promise.all([write(), read()])
  assert.equal(received.digest('hex'), sent.digest('hex'))
}

test('forty requests broken off at random moments leave nothing behind', options, async (context) => {
  const random = seededRandom(40)
  const running = new Set<ServerResponse>()
  async function flood(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for await (const _ of request) if (response.destroyed) return
    const piece = randomBytes(16 * 1024)
    while (!response.destroyed) {
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')])
      await sleep(1)
    }
  }
  const server = createServer((request, response) => {
    running.add(response)
    response.once('close', () => running.delete(response))
    flood(request, response).catch(() => response.destroy())
  })
  const pair = await startHttpPair(context, server)
  const pool = poolTo(context, pair)
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      const signal = AbortSignal.timeout(1 + Math.trunc(random() * 200))
      const body = random() < 0.5 ? randomBytes(Math.trunc(random() * 300_000)) : null
      await assert.rejects(async () => {
        const answer = await pool.request({ path: '/', method: 'POST', body, signal })
        for await (const _ of answer.body);
      })
    }),
  )
  await poll('no handler runs', 10_000, () => running.size === 0)
  await pool.close()
  await nothingOpen(pair.asking, pair.serving)
})

test("Node's own client works over a socket to a peer", options, async (context) => {
  const server = createServer((request, response) => request.pipe(response))
  const pair = await startHttpPair(context, server)
  let opened = 0
  server.on('connection', () => {
    opened += 1
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agent.createConnection = (_options, callback) => {
    pair.asking.sockets.open(pair.serving.id).then(
      (socket) => callback?.(null, socket),
      (error) => callback?.(error, new Agent() as never),
    )
    return undefined
  }
  context.after(() => agent.destroy())
  for (let round = 0; round < 5; round += 1) {
    const request = httpRequest({ host: 'peer', method: 'POST', agent })
    request.end(`round ${round}`)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) text += chunk
    assert.equal(text, `round ${round}`)
  }
  assert.equal(opened, 1)
})

test('a Fastify application answers peers and knows them by their id', options, async (context) => {
  const app = fastify()
  app.get('/', (request) => ({ ip: request.ip }))
  await app.ready()
  const accept = acceptInto(app.server)
  context.after(() => app.close())
  const pair = await startPair(context, { accept })
  const { body } = await poolTo(context, pair).request({ path: '/', method: 'GET' })
  assert.deepEqual(await body.json(), { ip: pair.asking.id })
})

test('a peer that starts a request and does not go on is cut off by the server', options, async (context) => {
  const server = createServer({ headersTimeout: 100, requestTimeout: 150, connectionsCheckingInterval: 20 })
  const pair = await startHttpPair(context, server)
  const socket = await pair.asking.sockets.open(pair.serving.id)
  socket.write('GET / HTTP/1.1\r\nx-slow: ')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  await finished(socket, { writable: false }).catch(() => {})
  assert.match(answer, /^HTTP\/1\.1 408 /)
  await nothingOpen(pair.serving)
})

test('an idle kept-alive socket is closed by the server after its time', options, async (context) => {
  const server = createServer({ keepAliveTimeout: 50 }, (_request, response) => response.end('x'))
  const pair = await startHttpPair(context, server)
  const { body } = await poolTo(context, pair).request({ path: '/', method: 'GET' })
  await body.dump()
  await nothingOpen(pair.asking, pair.serving)
})
