import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createSocketServer, type Server, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError } from '../../src/base/errors.ts'
import { createRequestRouter, ROUTER_DEFAULTS, type RouterInit } from '../../src/federation/create-router.ts'
import { JOURNAL_TYPE, toFrame } from '../../src/federation/journal/frames.ts'
import type { Policy } from '../../src/federation/policies/choose.ts'
import { leastBusy } from '../../src/federation/policies/least-busy.ts'
import type { LocalNode, Routed, RoutedAnswer, RoutedRequest } from '../../src/federation/routed-request.ts'
import type { RequestRouted } from '../../src/federation/routing-events.ts'
import type { PeerView } from '../../src/p2p/network.ts'
import { seededRandom } from '../support/random.ts'
import { sorting } from '../unit/federation/make-candidate.ts'
import { makePeer, type PeerTraits, SERVES_NOTHING } from '../unit/federation/make-peer.ts'

const NOT_STARTED = 'x-local-ai-not-started'

/** Asked in the order of their names: tests decide who is first. */
const byName = sorting((left, right) => (left.name < right.name ? -1 : 1))

interface StageInit extends Partial<Omit<RouterInit, 'group'>> {
  readonly policy?: Policy
  readonly local?: LocalNode
}

/** A router in a network whose members are servers on the loopback interface. */
async function createStage(context: TestContext, { policy = byName, local = SERVES_NOTHING, ...init }: StageInit = {}) {
  const ports = new Map<string, number>()
  const changes = new EventEmitter()
  const servers: Server[] = []
  const routings: RequestRouted[] = []
  let peers: readonly PeerView[] = []

  function change(next: readonly PeerView[]): void {
    peers = next
    changes.emit('change')
  }

  const network = {
    peerId: 'id-self',
    name: 'self',
    peers: () => peers,
    onChange(listener: () => void) {
      changes.on('change', listener)
      return () => changes.off('change', listener)
    },
    async openSocket(peerId: string) {
      const socket = connect({ port: ports.get(peerId) ?? 1, host: '127.0.0.1', noDelay: true })
      try {
        await once(socket, 'connect')
      } catch (cause) {
        throw new AppError('peer.unreachable', 'refused', { cause })
      }
      return socket
    },
  }
  const router = createRequestRouter(
    {
      network,
      local,
      policy,
      now: () => performance.now(),
      random: seededRandom(1),
      events: [{ routed: (_request, event) => routings.push(event) }],
    },
    { ...ROUTER_DEFAULTS, settleMs: 0, group: '', ...init },
  )
  await router.start()
  context.after(async () => {
    await router.stop()
    for (const server of servers) {
      if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function')
        server.closeAllConnections()
      server.close()
    }
    assert.equal(changes.listenerCount('change'), 0)
  })

  async function listen(name: string, server: Server, traits: PeerTraits = {}): Promise<void> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.push(server)
    ports.set(`id-${name}`, (server.address() as AddressInfo).port)
    change([...peers, makePeer(name, { models: ['m'], slots: 100, ...traits })])
  }

  return {
    router,
    routings,
    /** A member that serves HTTP. */
    add: async (name: string, listener: RequestListener, traits?: PeerTraits) =>
      await listen(name, createServer({ keepAlive: true }, listener), traits),
    /** A member that does with its connections what no HTTP server does. */
    addRaw: async (name: string, onRequest: (socket: Socket, count: number) => void) => {
      let count = 0
      const server = createSocketServer((socket) => {
        socket.on('error', () => {})
        socket.on('data', () => onRequest(socket, ++count))
      })
      await listen(name, server)
    },
    /** A member that nothing listens for. */
    addAbsent: (name: string) => change([...peers, makePeer(name, { models: ['m'], slots: 100 })]),
    remove(name: string) {
      change(peers.filter((peer) => peer.record.name !== name))
    },
    setState(name: string, state: PeerView['state']) {
      change(peers.map((peer) => (peer.record.name === name ? { ...peer, state } : peer)))
    },
  }
}

function makeRequest(traits: Partial<RoutedRequest> = {}): RoutedRequest {
  return {
    id: 'request-1',
    method: 'POST',
    target: '/v1/chat/completions?a=b',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"model":"m"}'),
    model: 'm',
    capability: 'chat',
    ...traits,
  }
}

function remote(routed: Routed): RoutedAnswer {
  assert.equal(routed.kind, 'remote')
  return (routed as Extract<Routed, { kind: 'remote' }>).answer
}

async function textOf({ body }: RoutedAnswer): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const outcomesOf = ({ attempts }: RoutedAnswer): readonly string[] =>
  attempts.map(({ name, outcome }) => `${name} ${outcome}`)

const answering =
  (text: string): RequestListener =>
  (request, response) => {
    request.resume()
    response.end(text)
  }

/** Never ends. */
const beginning =
  (text: string): RequestListener =>
  (request, response) => {
    request.resume()
    response.write(text)
  }

/** Reads the answer to its end, the way every test wants it that expects one. */
async function ask(stage: Pick<Awaited<ReturnType<typeof createStage>>, 'router'>, request = makeRequest()) {
  const answer = remote(await stage.router.route(request))
  return { answer, text: await textOf(answer) }
}

describe('one request', () => {
  test('arrives as it was sent, and its answer comes back as it was given', async (context) => {
    const stage = await createStage(context)
    const body = Buffer.from('{"model": "m", "odd":\t"bytes \u00e9"}')
    let seen: { request: IncomingMessage; body: Buffer } | undefined
    await stage.add('a', async (request, response) => {
      seen = { request, body: Buffer.concat(await request.toArray()) }
      response.writeHead(201, { 'content-type': 'text/odd', 'set-cookie': 'a=b', 'x-more': ['1', '2'] }).end('answer')
    })
    const headers = { 'content-type': 'application/json', authorization: 'Bearer secret', 'content-length': '999' }
    const { answer, text } = await ask(stage, makeRequest({ body, headers }))
    assert.deepEqual(seen?.body, body)
    assert.equal(seen?.request.url, '/v1/chat/completions?a=b')
    assert.equal(seen?.request.method, 'POST')
    assert.equal(seen?.request.headers['x-correlation-id'], 'request-1')
    assert.equal(seen?.request.headers['authorization'], undefined)
    assert.equal(seen?.request.headers['content-length'], String(body.length))
    assert.equal(answer.status, 201)
    assert.equal(text, 'answer')
    assert.equal(answer.headers['content-type'], 'text/odd')
    assert.deepEqual(answer.headers['x-more'], ['1', '2'])
    assert.equal(answer.headers['set-cookie'], undefined)
    assert.equal(answer.headers['connection'], undefined)
    assert.deepEqual(answer.node, { peerId: 'id-a', name: 'a' })
    assert.deepEqual(outcomesOf(answer), ['a answered'])
    assert.deepEqual(
      stage.routings.map(({ to, attempts }) => [to, attempts.length]),
      [['remote', 1]],
    )
  })

  test('without a body, or with an answer that has none, is complete too', async (context) => {
    const stage = await createStage(context)
    await stage.add('a', (request, response) => {
      response.statusCode = request.method === 'HEAD' ? 200 : 204
      response.end()
    })
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['POST', 204],
    ] as const) {
      const { answer, text } = await ask(stage, makeRequest({ method, body: undefined }))
      assert.equal(answer.status, status)
      assert.equal(text, '')
    }
  })

  test('of many megabytes arrives whole', async (context) => {
    const stage = await createStage(context)
    const body = Buffer.alloc(8 * 1024 * 1024, 'abcdefg')
    await stage.add('a', async (request, response) => {
      let [size, same] = [0, true]
      for await (const chunk of request as AsyncIterable<Buffer>) {
        same &&= chunk.equals(body.subarray(size, size + chunk.length))
        size += chunk.length
      }
      response.end(`${size} ${same}`)
    })
    assert.equal((await ask(stage, makeRequest({ body }))).text, `${body.length} true`)
  })

  test('is handed out with its first bytes, and the rest follows as it comes', async (context) => {
    const stage = await createStage(context)
    const step = new EventEmitter()
    await stage.add('a', async (request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      for (const data of ['one', 'two', 'three']) {
        response.write(`data: ${data}\n\n`)
        await once(step, 'next')
      }
      response.end()
    })
    const { body } = remote(await stage.router.route(makeRequest()))
    const seen: string[] = []
    for await (const chunk of body) {
      seen.push(Buffer.from(chunk).toString())
      step.emit('next')
    }
    assert.deepEqual(seen, ['data: one\n\n', 'data: two\n\n', 'data: three\n\n'])
  })

  test('that cannot be put on the wire is refused, and nobody is asked', async (context) => {
    const stage = await createStage(context)
    for (const name of ['a', 'b']) await stage.add(name, () => assert.fail('asked'))
    await assert.rejects(stage.router.route(makeRequest({ target: '/a b' })), { code: 'request.invalid' })
    assert.equal(stage.routings[0]?.code, 'request.invalid')
  })

  test('uses connections again', async (context) => {
    const stage = await createStage(context)
    const sockets = new Set<Socket>()
    await stage.add('a', (request, response) => {
      sockets.add(request.socket)
      answering('x')(request, response)
    })
    for (let count = 0; count < 20; count += 1) await ask(stage)
    // A connection is free again one turn after its answer.
    assert.ok(sockets.size <= 2, `${sockets.size} connections`)
  })
})

describe('another node is tried while nothing of an answer has come', () => {
  const failures: Readonly<Record<string, readonly [outcome: string, (socket: Socket) => void]>> = {
    'reset before the head': ['broken', (socket) => socket.resetAndDestroy()],
    'closed before the head': ['broken', (socket) => socket.end()],
    'cut in the middle of the head': ['broken', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Ty')],
    'closed between head and body': [
      'broken',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ],
    'reset between head and body': [
      'broken',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
        setTimeout(() => socket.resetAndDestroy(), 5)
      },
    ],
    'something that is no HTTP': ['broken', (socket) => socket.end('SSH-2.0-OpenSSH\r\n')],
    'an answer whose end nobody could tell from a cut': [
      'unreachable',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of it'),
    ],
  }
  for (const [what, [outcome, fail]] of Object.entries(failures)) {
    test(what, async (context) => {
      const stage = await createStage(context)
      await stage.addRaw('a', fail)
      await stage.add('b', answering('from b'))
      const { answer, text } = await ask(stage)
      assert.equal(text, 'from b')
      assert.deepEqual(outcomesOf(answer), [`a ${outcome}`, 'b answered'])
    })
  }

  test('no connection', async (context) => {
    const stage = await createStage(context)
    stage.addAbsent('a')
    await stage.add('b', answering('from b'))
    const { answer, text } = await ask(stage)
    assert.equal(text, 'from b')
    assert.deepEqual(outcomesOf(answer), ['a unreachable', 'b answered'])
  })

  test('an error that says that nothing was begun', async (context) => {
    const stage = await createStage(context)
    await stage.add('a', (request, response) => {
      request.resume()
      response.writeHead(503, { [NOT_STARTED]: '1' }).end('busy')
    })
    await stage.add('b', answering('from b'))
    const { answer, text } = await ask(stage)
    assert.equal(text, 'from b')
    assert.deepEqual(outcomesOf(answer), ['a not-started', 'b answered'])
  })

  test('any other error is an answer', async (context) => {
    const stage = await createStage(context)
    await stage.add('a', (request, response) => {
      request.resume()
      response.writeHead(500).end('failed')
    })
    await stage.add('b', () => assert.fail('asked'))
    const { answer, text } = await ask(stage)
    assert.deepEqual([answer.status, text], [500, 'failed'])
  })

  test('a success says what it wants: it is an answer', async (context) => {
    const stage = await createStage(context)
    await stage.add('a', (request, response) => {
      request.resume()
      response.writeHead(200, { [NOT_STARTED]: '1' }).end('done')
    })
    await stage.add('b', () => assert.fail('asked'))
    assert.equal((await ask(stage)).text, 'done')
  })

  test('a node that hangs, as soon as it is gone', async (context) => {
    const stage = await createStage(context)
    const asked = new EventEmitter()
    await stage.add('a', (request) => {
      request.resume()
      asked.emit('asked')
    })
    await stage.add('b', answering('from b'))
    const arrived = once(asked, 'asked')
    const answered = ask(stage)
    await arrived
    stage.setState('a', 'silent')
    stage.remove('a')
    const { answer, text } = await answered
    assert.equal(text, 'from b')
    assert.deepEqual(outcomesOf(answer), ['a unreachable', 'b answered'])
  })

  test('the same node once more when it is the only one: an idle connection may just have been closed', async (context) => {
    const stage = await createStage(context)
    await stage.addRaw('a', (socket, count) => {
      if (count === 1) socket.resetAndDestroy()
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const { answer, text } = await ask(stage)
    assert.equal(text, 'ok')
    assert.deepEqual(outcomesOf(answer), ['a broken', 'a answered'])
  })
})

describe('when no node could answer', () => {
  test('it is tried as often as allowed, and then said', async (context) => {
    const stage = await createStage(context)
    for (const name of ['a', 'b', 'c', 'd']) stage.addAbsent(name)
    await assert.rejects(stage.router.route(makeRequest()), { code: 'federation.unavailable' })
    const [routing] = stage.routings
    assert.deepEqual([routing?.to, routing?.code, routing?.attempts.length], ['nobody', 'federation.unavailable', 3])
  })

  test('the only node is not asked for ever', async (context) => {
    const stage = await createStage(context, { maxTries: 9 })
    let asked = 0
    await stage.addRaw('a', (socket) => {
      asked += 1
      socket.resetAndDestroy()
    })
    await assert.rejects(stage.router.route(makeRequest()), { code: 'federation.unavailable' })
    assert.equal(asked, 2)
  })

  test('the last refusal is handed out when it is an answer', async (context) => {
    const stage = await createStage(context)
    stage.addAbsent('a')
    await stage.add('b', (request, response) => {
      request.resume()
      response.writeHead(503, { [NOT_STARTED]: '1', 'retry-after': '7' }).end('still loading')
    })
    const answer = remote(await stage.router.route(makeRequest(), {}))
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '7'])
    assert.equal(answer.headers[NOT_STARTED], undefined)
    assert.equal(await textOf(answer), 'still loading')
  })

  test('a network that fails is not stormed: the retries of all requests together are few', async (context) => {
    const stage = await createStage(context, { retries: { perSecond: 0, burst: 5 } })
    for (const name of ['a', 'b']) stage.addAbsent(name)
    const all = Array.from({ length: 20 }, () => stage.router.route(makeRequest()))
    await Promise.all(all.map((one) => assert.rejects(one, { code: 'federation.unavailable' })))
    const tries = stage.routings.reduce((sum, { attempts }) => sum + attempts.length, 0)
    assert.equal(tries, 25)
  })

  test('no further try begins after the time for it', async (context) => {
    const stage = await createStage(context, { retryWithinMs: 0 })
    for (const name of ['a', 'b']) stage.addAbsent(name)
    await assert.rejects(stage.router.route(makeRequest()), { code: 'federation.unavailable' })
    assert.equal(stage.routings[0]?.attempts.length, 1)
  })

  test('a node that has just started waits for the first member', async (context) => {
    const stage = await createStage(context, { settleMs: 60_000 })
    const waiting = stage.router.route(makeRequest())
    await stage.add('a', (_request, response) => response.end('here'))
    assert.equal(await textOf(remote(await waiting)), 'here')
  })

  test('there is no node, or none with the model', async (context) => {
    const stage = await createStage(context)
    await assert.rejects(stage.router.route(makeRequest()), { code: 'federation.unavailable' })
    await stage.add('a', () => assert.fail('asked'))
    await assert.rejects(stage.router.route(makeRequest({ model: 'x' })), {
      code: 'network.model-not-found',
      message: 'no node of the network has model "x"; there are: m',
    })
    await assert.rejects(stage.router.route(makeRequest({ model: undefined, capability: 'rerank' })), {
      code: 'network.model-not-found',
    })
  })
})

describe('after the first byte', () => {
  const cuts: Readonly<Record<string, (socket: Socket) => void>> = {
    'a chunked body that ends without its last chunk': (socket) => socket.end(),
    'a reset': (socket) => socket.resetAndDestroy(),
    'a chunk that is no chunk': (socket) => socket.end('zz\r\n'),
  }
  for (const [what, cut] of Object.entries(cuts)) {
    test(`${what} is an error, and no other node is asked`, async (context) => {
      const stage = await createStage(context)
      const cutting = new EventEmitter()
      await stage.addRaw('a', (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n')
        cutting.once('cut', () => cut(socket))
      })
      await stage.add('b', () => assert.fail('asked'))
      const answer = remote(await stage.router.route(makeRequest()))
      const reader = answer.body[Symbol.asyncIterator]()
      assert.equal(Buffer.from((await reader.next()).value ?? []).toString(), 'first')
      cutting.emit('cut')
      await assert.rejects(reader.next(), { code: 'peer.unreachable' })
      await assert.rejects(reader.next(), { code: 'peer.unreachable' })
    })
  }

  test('a body shorter than its length is an error', async (context) => {
    const stage = await createStage(context)
    await stage.addRaw('a', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst'))
    const answer = remote(await stage.router.route(makeRequest()))
    await assert.rejects(textOf(answer), { code: 'peer.unreachable' })
  })

  test('a node that falls silent for a moment keeps what it has begun; gone, it ends its answers at once', async (context) => {
    const stage = await createStage(context)
    const answering = Promise.withResolvers<ServerResponse>()
    await stage.add('a', (request, response) => {
      request.resume()
      response.write('first')
      answering.resolve(response)
    })
    const answer = remote(await stage.router.route(makeRequest()))
    const reader = answer.body[Symbol.asyncIterator]()
    await reader.next()
    stage.setState('a', 'silent')
    await assert.rejects(stage.router.route(makeRequest()), { code: 'federation.unavailable' }, 'it gets nothing new')
    const response = await answering.promise
    response.write('second')
    const second = await reader.next()
    assert.equal(Buffer.from(second.value ?? []).toString(), 'second')
    const lost = assert.rejects(reader.next(), { code: 'peer.unreachable' })
    stage.remove('a')
    await lost
  })
})

describe('a client that leaves', () => {
  /** A member that begins an answer and never ends it; emits `gone` when it sees that nobody wants it. */
  function createTalker(firstBytes: string | undefined) {
    const events = new EventEmitter()
    const listener: RequestListener = (request, response) => {
      request.resume()
      response.on('close', () => events.emit('gone', response.writableEnded))
      if (firstBytes !== undefined) response.write(firstBytes)
      events.emit('asked')
    }
    return { events, listener }
  }

  for (const [when, firstBytes] of Object.entries({ 'before the answer': undefined, 'in the middle of it': 'first' })) {
    test(`${when}: the serving node sees it at once`, async (context) => {
      const stage = await createStage(context)
      const { events, listener } = createTalker(firstBytes)
      await stage.add('a', listener)
      await stage.add('b', () => assert.fail('asked'))
      const [asked, gone] = [once(events, 'asked'), once(events, 'gone')]
      const leaving = new AbortController()
      const reason = new AppError('request.cancelled', 'the client has gone')
      const ended = stage.router.route(makeRequest(), { signal: leaving.signal }).then(async (routed) => {
        await textOf(remote(routed))
      })
      const rejected = assert.rejects(ended, reason)
      await asked
      leaving.abort(reason)
      await rejected
      assert.deepEqual(await gone, [false])
    })
  }

  test('leaving the loop is enough, even before it began', async (context) => {
    const stage = await createStage(context)
    const { events, listener } = createTalker('first')
    await stage.add('a', listener)
    const gone = once(events, 'gone')
    const { body } = remote(await stage.router.route(makeRequest()))
    await body[Symbol.asyncIterator]().return?.()
    assert.deepEqual(await gone, [false])
  })

  test('while it waits for a connection: nothing is sent', async (context) => {
    const stage = await createStage(context, { clients: { ...ROUTER_DEFAULTS.clients, connectionsPerPeer: 1 } })
    const { events, listener } = createTalker('first')
    await stage.add('a', listener)
    const first = remote(await stage.router.route(makeRequest()))
    events.once('asked', () => assert.fail('sent'))
    const leaving = new AbortController()
    const waiting = stage.router.route(makeRequest(), { signal: leaving.signal })
    leaving.abort(new Error('left'))
    await assert.rejects(waiting, /left/)
    await first.body[Symbol.asyncIterator]().return?.()
  })

  test('that reads slowly slows the serving node', async (context) => {
    const stage = await createStage(context)
    const total = 64 * 1024 * 1024
    const block = Buffer.alloc(64 * 1024, 'x')
    let written = 0
    let response: ServerResponse | undefined
    await stage.add('a', async (request, given) => {
      response = given
      request.resume()
      for (; written < total && !given.destroyed; written += block.length) {
        if (!given.write(block)) await once(given, 'drain').catch(() => {})
      }
      given.end()
    })
    const { body } = remote(await stage.router.route(makeRequest()))
    const reader = body[Symbol.asyncIterator]()
    await reader.next()
    // It stands still when it has not written for many turns of the loop.
    for (let [turns, before] = [0, written]; turns < 100; turns += 1) {
      await nextTurn()
      if (written !== before) [turns, before] = [0, written]
    }
    assert.ok(response?.writableNeedDrain)
    assert.ok(written < total / 2, `${written} bytes were written for nobody`)
    let read = 0
    for await (const chunk of body) read += chunk.length
    assert.ok(read > total - 128 * 1024)
    assert.equal(written, total)
  })
})

describe('many requests', () => {
  test('300 at once are spread over the nodes, and none gets the answer of another', async (context) => {
    const stage = await createStage(context, { policy: leastBusy })
    const counts = new Map<string, number>()
    for (const name of ['a', 'b', 'c']) {
      await stage.add(name, async (request, response) => {
        counts.set(name, (counts.get(name) ?? 0) + 1)
        const body = Buffer.concat(await request.toArray()).toString()
        response.write(`${name} `)
        await nextTurn()
        response.end(body)
      })
    }
    const all = Array.from({ length: 300 }, async (_, index) => {
      const { answer, text } = await ask(stage, makeRequest({ id: `r${index}`, body: Buffer.from(`body ${index}`) }))
      assert.equal(text, `${answer.node.name} body ${index}`)
    })
    await Promise.all(all)
    assert.deepEqual([...counts.values()], [100, 100, 100])
  })

  test('a node gets no more at a time than it has places, and the others wait', async (context) => {
    const stage = await createStage(context, { requestsPerSlot: 1, policy: leastBusy })
    let [now, most] = [0, 0]
    const full = new EventEmitter()
    const listener: RequestListener = async (request, response) => {
      now += 1
      most = Math.max(most, now)
      request.resume()
      if (now === 3) full.emit('full')
      else if (most < 3) await once(full, 'full')
      // Time for one too many to come.
      for (let turns = 0; turns < 10; turns += 1) await nextTurn()
      now -= 1
      response.end('x')
    }
    await stage.add('a', listener, { slots: 3 })
    await Promise.all(Array.from({ length: 50 }, () => ask(stage)))
    assert.equal(most, 3)
  })

  test('a full queue refuses, who leaves it leaves at once, and a new node empties it', async (context) => {
    const stage = await createStage(context, { requestsPerSlot: 1, queue: { maxLength: 1, maxWaitMs: 60_000 } })
    await stage.add('a', beginning('never ends'), { slots: 1 })
    const holding = remote(await stage.router.route(makeRequest()))
    const leaving = new AbortController()
    const left = assert.rejects(stage.router.route(makeRequest(), { signal: leaving.signal }), /left/)
    await assert.rejects(stage.router.route(makeRequest()), {
      code: 'federation.overloaded',
      details: { retryAfterMs: 1000 },
    })
    leaving.abort(new Error('left'))
    await left
    const waiting = ask(stage)
    await stage.add('b', answering('from b'))
    assert.equal((await waiting).text, 'from b')
    await holding.body[Symbol.asyncIterator]().return?.()
  })

  test('a place is free again however the request ended', async (context) => {
    const stage = await createStage(context, { requestsPerSlot: 1, queue: { maxLength: 0, maxWaitMs: 1 } })
    let next: RequestListener = answering('x')
    await stage.add('a', (request, response) => next(request, response), { slots: 1 })
    const endless = beginning('first')
    for (let round = 0; round < 3; round += 1) {
      next = answering('x')
      await ask(stage)
      next = endless
      const left = remote(await stage.router.route(makeRequest()))
      await left.body[Symbol.asyncIterator]().return?.()
      const leaving = new AbortController()
      await stage.router.route(makeRequest(), { signal: leaving.signal })
      leaving.abort(new Error('left'))
      next = (request) => request.socket.destroy()
      await assert.rejects(stage.router.route(makeRequest()), { code: 'federation.unavailable' })
    }
    next = answering('still there')
    assert.equal((await ask(stage)).text, 'still there')
  })
})

describe('a node whose journal is out of order', () => {
  const head = toFrame('head', Buffer.from('{"status":200,"headers":{}}'))
  const body = toFrame('body', Buffer.from('from a'))
  const answers: Readonly<Record<string, readonly Buffer[]>> = {
    'it has no head': [],
    'its head comes late': [body, head],
    'it has two heads': [head, head, body],
  }
  for (const [what, frames] of Object.entries(answers)) {
    test(`has not answered: ${what}`, async (context) => {
      const stage = await createStage(context)
      await stage.add('a', (request, response) => {
        request.resume()
        response.writeHead(200, { 'content-type': JOURNAL_TYPE }).end(Buffer.concat(frames))
      })
      await stage.add('b', answering('from b'))
      const { answer, text } = await ask(stage, makeRequest({ carriesOn: true }))
      assert.equal(text, 'from b')
      assert.deepEqual(outcomesOf(answer), ['a broken', 'b answered'])
    })
  }
})

describe('this node', () => {
  const local: LocalNode = { serves: (model) => model === 'm', loaded: () => true, slots: 1 }

  test('serves what it has, and its places are booked like those of others', async (context) => {
    const stage = await createStage(context, { local, policy: leastBusy })
    await stage.add('a', answering('from a'), { slots: 1 })
    const first = await stage.router.route(makeRequest())
    assert.equal(first.kind, 'local')
    assert.equal((await ask(stage)).text, 'from a')
    if (first.kind === 'local') first.place.release()
    assert.equal((await stage.router.route(makeRequest())).kind, 'local')
  })

  test('lets wait when it is full, until a place is given back', async (context) => {
    const stage = await createStage(context, { local, requestsPerSlot: 1 })
    const first = await stage.router.route(makeRequest())
    const second = stage.router.route(makeRequest())
    assert.equal(first.kind, 'local')
    if (first.kind === 'local') {
      first.place.release()
      first.place.release()
    }
    assert.equal((await second).kind, 'local')
  })

  test('that stops ends what waits and what runs', async (context) => {
    const stage = await createStage(context, { requestsPerSlot: 1 })
    await stage.add('a', beginning('first'), { slots: 1 })
    const running = textOf(remote(await stage.router.route(makeRequest())))
    const waiting = stage.router.route(makeRequest())
    const both = [running, waiting].map((one) => assert.rejects(one, { code: 'node.stopping' }))
    await stage.router.stop()
    await Promise.all(both)
  })

  test('that stops tries nobody else for what has not been answered, and takes nothing new', async (context) => {
    const stage = await createStage(context)
    const asked = new EventEmitter()
    await stage.add('a', () => void asked.emit('asked'))
    await stage.add('b', () => assert.fail('asked'))
    const arrived = once(asked, 'asked')
    const hanging = assert.rejects(stage.router.route(makeRequest()), { code: 'node.stopping' })
    await arrived
    await stage.router.stop()
    await hanging
    await assert.rejects(stage.router.route(makeRequest()), { code: 'node.stopping' })
  })
})
