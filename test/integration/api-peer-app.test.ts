import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import type { PeerApp } from '../../src/api/peer-app.ts'
import { AppError, type ErrorCode } from '../../src/base/errors.ts'
import { NOT_STARTED_HEADER } from '../../src/federation/routed-request.ts'
import { poll } from '../support/poll.ts'
import { readEvents, startApi, startEntry, startPeerApp } from './api-harness.ts'
import { fakeNetwork } from './fake-network.ts'
import { reply, type Script } from './scripted-backend.ts'
import { askOver, scriptedRouter } from './scripted-router.ts'

const CHAT = '/v1/chat/completions'
const CHAT_BODY = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }
const WAIT_MS = 5000

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** One side for the app, the other for whoever asks. */
function openPair(app: PeerApp): Duplex {
  const [theirs, ours] = duplexPair()
  app.accept(theirs)
  ours.on('end', () => ours.end())
  return ours
}

async function ask(socket: Duplex, path: string, body?: string | object): Promise<Answer> {
  const sent = httpRequest({
    createConnection: () => socket,
    host: 'peer',
    method: body === undefined ? 'GET' : 'POST',
    path,
    headers: { 'content-type': 'application/json', connection: 'keep-alive', 'x-correlation-id': 'mine' },
  })
  sent.end(typeof body === 'object' ? JSON.stringify(body) : body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const bytes of response) text += String(bytes)
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

/** Real sockets, for what a pair cannot do: to be cut from afar. */
async function listen(app: PeerApp) {
  const server = createServer((socket) => app.accept(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const { port } = address
  return {
    port,
    async open(): Promise<Socket> {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    },
    [Symbol.dispose]: () => void server.close(),
  }
}

/** Says one word, then waits for the gate or for its end. */
function waiting() {
  const [gate, started, ended] = [1, 2, 3].map(() => Promise.withResolvers<void>())
  const script: Script = async function* script(_request, { signal }) {
    try {
      yield reply({ message: Buffer.from('first') })
      started?.resolve()
      const aborted = new Promise<never>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
      await Promise.race([gate?.promise, aborted])
      yield reply({ message: Buffer.from(' and done') })
      return {}
    } finally {
      ended?.resolve()
    }
  }
  return { script, open: () => gate?.resolve(), started: started?.promise, ended: ended?.promise }
}

describe('the face of a node that drains', () => {
  it('begins nothing new and says so, until it takes requests again; what lives there only is answered', async () => {
    const drain = { draining: true }
    await using peer = await startPeerApp({ drain })
    const refused = await ask(openPair(peer.app), CHAT, CHAT_BODY)
    assert.deepEqual([refused.status, refused.headers[NOT_STARTED_HEADER]], [503, '1'])
    assert.ok(Number(refused.headers['retry-after']) > 0)
    const stored = await ask(openPair(peer.app), '/v1/responses/resp_00000000aa_1')
    assert.equal(stored.status, 404)
    const next = { model: 'tiny', input: 'hi', previous_response_id: 'resp_00000000aa_1' }
    assert.notEqual((await ask(openPair(peer.app), '/v1/responses', next)).status, 503)
    drain.draining = false
    assert.equal((await ask(openPair(peer.app), CHAT, CHAT_BODY)).status, 200)
  })
})

describe('the face for members', () => {
  it('answers inference requests on a stream that is no socket, one after the other', async () => {
    await using peer = await startPeerApp()
    const socket = openPair(peer.app)
    const whole = await ask(openPair(peer.app), CHAT, CHAT_BODY)
    assert.equal(whole.status, 200)
    assert.equal(whole.headers['x-correlation-id'], 'mine')
    assert.match(whole.text, /Hello world/)
    const stream = await ask(socket, CHAT, { ...CHAT_BODY, stream: true })
    assert.match(stream.text, /\[DONE\]/)
    assert.match(await peer.metrics(), /local_ai_requests_total\{model="tiny",endpoint="chat",status="200"\} 2/)
    socket.destroy()
  })

  it('has nothing else: no administration, no metrics, no lists, no token', async () => {
    await using peer = await startPeerApp()
    const paths = [
      '/metrics',
      '/system',
      '/version',
      '/v1/models',
      '/api/p2p',
      '/api/p2p/token',
      '/healthz',
      '/backend/monitor?model=tiny',
    ]
    for (const path of paths) {
      const answer = await ask(openPair(peer.app), path)
      assert.equal(answer.status, 404, path)
      assert.equal(answer.headers[NOT_STARTED_HEADER], '1')
    }
    assert.equal((await ask(openPair(peer.app), '/backend/shutdown', { model: 'tiny' })).status, 404)
  })

  const failures: readonly [ErrorCode, status: number, elsewhere: boolean][] = [
    ['backend.start-failed', 500, true],
    ['backend.start-timeout', 500, true],
    ['backend.load-failed', 500, true],
    ['backend.cooling-down', 503, true],
    ['model.busy', 503, true],
    ['model.file-invalid', 500, true],
    ['backend.failed', 500, false],
    ['backend.died', 500, false],
    ['request.context-exceeded', 400, false],
  ]
  for (const [code, status, elsewhere] of failures) {
    it(`says that ${elsewhere ? 'another node may try' : 'no other node shall try'} after ${code}`, async () => {
      await using peer = await startPeerApp()
      peer.node.acquire = async () => {
        throw new AppError(code, 'why')
      }
      for (const stream of [true, false]) {
        const answer = await ask(openPair(peer.app), CHAT, { ...CHAT_BODY, stream })
        assert.equal(answer.status, status)
        const told = code.startsWith('backend.') ? 'unwell' : '1'
        assert.equal(answer.headers[NOT_STARTED_HEADER], elsewhere ? told : undefined)
      }
    })
  }

  it('says so of a model it has not, and not of a request that is wrong', async () => {
    await using peer = await startPeerApp({ uploadLimitBytes: 500 })
    const unknown = await ask(openPair(peer.app), CHAT, { ...CHAT_BODY, model: 'nope' })
    assert.deepEqual([unknown.status, unknown.headers[NOT_STARTED_HEADER]], [400, '1'])
    for (const body of ['{', '{"model":"tiny"}', { ...CHAT_BODY, n: 0 }, { ...CHAT_BODY, x: 'x'.repeat(600) }]) {
      const answer = await ask(openPair(peer.app), CHAT, body)
      assert.ok(answer.status === 400 || answer.status === 413)
      assert.equal(answer.headers[NOT_STARTED_HEADER], undefined)
    }
  })

  it('says nothing of the kind once it has begun', async () => {
    await using peer = await startPeerApp()
    peer.node.script = async function* script() {
      yield reply({ message: Buffer.from('first') })
      throw new AppError('backend.died', 'gone')
    }
    const answer = await ask(openPair(peer.app), CHAT, { ...CHAT_BODY, stream: true })
    assert.deepEqual([answer.status, answer.headers[NOT_STARTED_HEADER]], [200, undefined])
    assert.match(answer.text, /"code":500.*\[DONE\]/s)
  })

  it('refuses more than it may work on, and says that another may', async () => {
    await using peer = await startPeerApp({ maxInFlight: 1 })
    const { script, started, open } = waiting()
    peer.node.script = script
    const first = ask(openPair(peer.app), CHAT, CHAT_BODY)
    await started
    const second = await ask(openPair(peer.app), CHAT, CHAT_BODY)
    assert.deepEqual([second.status, second.headers[NOT_STARTED_HEADER]], [503, '1'])
    open()
    assert.equal((await first).status, 200)
  })

  it('stops the generation when the member goes', async () => {
    await using peer = await startPeerApp()
    using door = await listen(peer.app)
    const { script, started, ended } = waiting()
    peer.node.script = script
    const socket = await door.open()
    const answer = ask(socket, CHAT, { ...CHAT_BODY, stream: true })
    await started
    socket.destroy()
    await assert.rejects(answer)
    await ended
    await poll('nothing runs', WAIT_MS, () => peer.node.leases === 0)
  })

  it('closes a connection on which no HTTP is spoken', async () => {
    await using peer = await startPeerApp()
    using door = await listen(peer.app)
    const socket = await door.open()
    socket.resume()
    socket.write('GARBAGE\r\n\r\n')
    await once(socket, 'close')
  })
})

describe('the face for members, when the node stops', () => {
  it('ends idle connections, finishes what runs, and takes nothing new', { timeout: 20_000 }, async () => {
    // So long that nothing of it ends because of the time.
    const peer = await startPeerApp({ shutdownTimeoutMs: 600_000 })
    using door = await listen(peer.app)
    const [idle, used, busy] = [await door.open(), await door.open(), await door.open()]
    await ask(used, CHAT, CHAT_BODY)
    const { script, started, open } = waiting()
    peer.node.script = script
    const running = ask(busy, CHAT, { ...CHAT_BODY, stream: true })
    await started
    const closed = [idle, used].map((socket) => once(socket.resume(), 'close'))
    const stopped = peer.app.stop()
    await Promise.all(closed)
    const late = await door.open()
    await once(late.resume(), 'close')
    open()
    assert.match((await running).text, /and done.*\[DONE\]/s)
    await stopped
    await peer.app.stop()
  })

  it('tells those who ask on a busy connection that another node may do it', async () => {
    const peer = await startPeerApp()
    const { script, started, open } = waiting()
    peer.node.script = script
    const socket = openPair(peer.app)
    const text = JSON.stringify({ ...CHAT_BODY, stream: true })
    const raw = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`
    let got = ''
    socket.on('data', (bytes) => {
      got += String(bytes)
    })
    socket.write(raw)
    await started
    const stopped = peer.app.stop()
    socket.write(raw)
    open()
    await once(socket, 'end')
    await stopped
    const second = got.slice(got.indexOf('[DONE]'))
    assert.match(second, /HTTP\/1\.1 503 /)
    assert.match(second, new RegExp(`${NOT_STARTED_HEADER}: 1`, 'i'))
  })

  it('ends what takes too long with an error event', async () => {
    const peer = await startPeerApp({ shutdownTimeoutMs: 20 })
    using door = await listen(peer.app)
    const { script, started, ended } = waiting()
    peer.node.script = script
    const running = ask(await door.open(), CHAT, { ...CHAT_BODY, stream: true })
    await started
    const [answer] = await Promise.all([running, peer.app.stop()])
    assert.match(answer.text, /"code":503,"message":"the node is shutting down.*\[DONE\]/s)
    await ended
  })
})

describe('an entry and a member', () => {
  it('are one node to the client: a stream, a whole answer, an error, a client that goes', async () => {
    await using peer = await startPeerApp()
    using door = await listen(peer.app)
    const scripted = scriptedRouter()
    scripted.script = askOver({ host: '127.0.0.1', port: door.port, agent: false })
    await using entry = await startEntry({ router: scripted.router, ...fakeNetwork().deps }, { nodeHeader: 'door' })
    await using alone = await startApi()
    const streamed = await entry.post(CHAT, { ...CHAT_BODY, stream: true })
    assert.equal(streamed.headers.get('x-localai-node'), 'b')
    const events = await readEvents(streamed)
    assert.equal(events.at(-1), '[DONE]')
    assert.match(JSON.stringify(events), /Hello.* world/)
    assert.equal((await entry.post(CHAT, CHAT_BODY)).status, 200)
    for (const body of [
      { ...CHAT_BODY, n: 0 },
      { ...CHAT_BODY, model: 'nope' },
    ]) {
      const [there, here] = [await entry.post(CHAT, body), await alone.post(CHAT, body)]
      assert.equal(there.status, here.status)
      assert.deepEqual(await there.json(), await here.json())
      assert.equal(there.headers.get(NOT_STARTED_HEADER), null)
    }
    const { script, started, ended } = waiting()
    peer.node.script = script
    const leaving = new AbortController()
    const left = await entry.post(CHAT, { ...CHAT_BODY, stream: true }, { signal: leaving.signal })
    await started
    leaving.abort()
    await assert.rejects(left.text())
    await ended
  })
})
