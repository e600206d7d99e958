import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { AppError } from '../../src/base/errors.ts'
import { answersAreMadeUp } from '../support/check-answers.ts'
import { poll } from '../support/poll.ts'
import { readEvents, startApi, startEntry } from './api-harness.ts'
import { fakeNetwork } from './fake-network.ts'
import { reply } from './scripted-backend.ts'
import { askOver, scriptedRouter, startOtherNode } from './scripted-router.ts'

answersAreMadeUp()

const CHAT = '/v1/chat/completions'
const FAR = { model: 'far', messages: [{ role: 'user', content: 'hi' }] }
const NEAR = { ...FAR, model: 'tiny' }
const WAIT_MS = 5000

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const bytes of request) text += String(bytes)
  return text
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
}

async function errorOf(response: Response) {
  const body = (await response.json()) as { error: { code: number; message: string; param: string | null } }
  return body.error
}

describe('a request that another node answers', () => {
  it('goes there byte for byte, and its answer comes back with the name of the node and the tries', async () => {
    const { router, asked, ...scripted } = scriptedRouter()
    void scripted
    const seen: { url: string; body: string }[] = []
    await using other = await startOtherNode(async (request, response) => {
      seen.push({ url: request.url ?? '', body: await bodyOf(request) })
      response.writeHead(418, {
        'content-type': 'application/json',
        'retry-after': '7',
        'x-correlation-id': 'theirs',
        'x-localai-node': 'theirs',
        'set-cookie': 'a=b',
      })
      response.end('{"a": 1}')
    })
    const tried = { peerId: 'c', name: 'c', outcome: 'unreachable', ms: 2 } as const
    const answered = { peerId: 'b', name: 'b', outcome: 'answered', ms: 2 } as const
    const { port } = new URL(other.url)
    await using api = await startApi({ nodeHeader: 'a', machineTag: 'rack' }, { router: { route: route } })
    function route(...[request, options]: Parameters<typeof router.route>) {
      asked.push(request)
      return askOver({ host: '127.0.0.1', port, agent: false }, [tried, answered])(request, options?.signal)
    }
    const body = `{ "model":"far",  "x": 1.0, "model" : "f\\u0061r", "messages": 5 }`
    const response = await api.post(`${CHAT}?y=%2F`, body, {
      headers: { 'content-type': 'application/json', 'x-correlation-id': 'mine' },
    })
    assert.equal(response.status, 418)
    assert.equal(await response.text(), '{"a": 1}')
    assert.deepEqual(seen, [{ url: `${CHAT}?y=%2F`, body }])
    const [request] = asked
    assert.deepEqual([request?.id, request?.model, request?.capability], ['mine', 'far', 'chat'])
    const headers = Object.fromEntries(response.headers)
    assert.equal(headers['x-localai-node'], 'b')
    assert.equal(headers['x-localai-tries'], '2')
    assert.equal(headers['x-correlation-id'], 'mine')
    assert.equal(headers['machine-tag'], 'rack')
    assert.equal(headers['retry-after'], '7')
    assert.equal(headers['set-cookie'], undefined)
    assert.equal(api.node.asked.length, 0)
    const text = await api.metrics()
    assert.match(text, /local_ai_forwarded_requests_total\{node="b",outcome="refused"\} 1/)
    assert.match(text, /local_ai_forward_retries_total 1/)
    assert.match(text, /api_call_count\{method="POST",path="\/v1\/chat\/completions"\} 1/)
  })

  const routes: readonly [path: string, model: string | undefined, capability: string][] = [
    ['/chat/completions', 'far', 'chat'],
    ['/v1/completions/', 'far', 'completion'],
    ['/v1/engines/near/completions', 'far', 'completion'],
    ['/v1/embeddings', 'far', 'embeddings'],
    ['/embeddings', 'far', 'embeddings'],
    ['/v1/tokenize', 'far', 'tokenize'],
    ['/detokenize', 'far', 'tokenize'],
  ]
  it('may be any inference request', async () => {
    await using other = await startOtherNode((_request, response) => response.end('ok'))
    const scripted = scriptedRouter()
    scripted.script = other.route
    await using api = await startApi({}, { router: scripted.router })
    for (const [path, model, capability] of routes) {
      assert.equal(await (await api.post(path, { model: 'far' })).text(), 'ok', path)
      assert.deepEqual([scripted.asked.at(-1)?.model, scripted.asked.at(-1)?.capability], [model, capability], path)
    }
    assert.equal((await api.post('/v1/engines/near/completions', {})).status, 200)
    assert.equal(scripted.asked.at(-1)?.model, 'near')
    const others = ['/v1/models', '/version', '/system', '/metrics', '/api/p2p']
    for (const path of others) assert.equal((await fetch(`${api.url}${path}`)).status, 200, path)
    assert.equal(scripted.asked.length, routes.length + 1)
  })

  it('streams: each event is there before the next one is made', async () => {
    const gate = Promise.withResolvers<void>()
    await using other = await startOtherNode(async (_request, response) => {
      openStream(response)
      response.write('data: 1\n\n')
      await gate.promise
      response.end('data: 2\n\ndata: [DONE]\n\n')
    })
    const scripted = scriptedRouter()
    scripted.script = other.route
    await using api = await startApi({ nodeHeader: 'a' }, { router: scripted.router })
    const response = await api.post(CHAT, { ...FAR, stream: true })
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    assert.equal(response.headers.get('x-localai-node'), 'b')
    const reader = response.body?.getReader()
    const first = await reader?.read()
    assert.equal(Buffer.from(first?.value ?? []).toString(), 'data: 1\n\n')
    gate.resolve()
    let rest = ''
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      rest += Buffer.from(part.value).toString()
    }
    assert.equal(rest, 'data: 2\n\ndata: [DONE]\n\n')
    await poll('counted', WAIT_MS, async () =>
      /forwarded_requests_total\{node="b",outcome="answered"\} 1/.test(await api.metrics()),
    )
  })

  it('is given up there when the client goes, before and while the answer comes', async () => {
    const started = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const ended = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let count = 0
    await using other = await startOtherNode((_request, response) => {
      const number = count
      count += 1
      response.on('close', () => ended[number]?.resolve())
      if (number === 1) {
        openStream(response)
        response.write('data: 1\n\n')
      }
      started[number]?.resolve()
    })
    const scripted = scriptedRouter()
    scripted.script = other.route
    await using api = await startApi({}, { router: scripted.router })
    const leaving = new AbortController()
    const silent = api.post(CHAT, FAR, { signal: leaving.signal })
    await started[0]?.promise
    leaving.abort()
    await assert.rejects(silent)
    await ended[0]?.promise
    const reading = new AbortController()
    const stream = await api.post(CHAT, FAR, { signal: reading.signal })
    await stream.body?.getReader().read()
    reading.abort()
    await ended[1]?.promise
    await poll('counted', WAIT_MS, async () => {
      const text = await api.metrics()
      return /node="none",outcome="cancelled"\} 1/.test(text) && /node="b",outcome="cancelled"\} 1/.test(text)
    })
  })

  it('is slowed down by a client that reads slowly, and nothing piles up', async () => {
    let written = 0
    const piece = Buffer.from(`data: ${'x'.repeat(64 * 1024)}\n\n`)
    const over = Promise.withResolvers<void>()
    await using other = await startOtherNode(async (_request, response) => {
      openStream(response)
      response.on('close', () => over.resolve())
      while (!response.destroyed) {
        written += piece.length
        if (!response.write(piece)) await Promise.race([once(response, 'drain'), over.promise])
      }
    })
    const scripted = scriptedRouter()
    scripted.script = other.route
    await using api = await startApi({}, { router: scripted.router })
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
    socket.pause()
    const text = JSON.stringify(FAR)
    const head = [
      `POST ${CHAT} HTTP/1.1`,
      'Host: x',
      'Content-Type: application/json',
      `Content-Length: ${text.length}`,
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n${text}`)
    let last = -1
    let same = 0
    await poll('the source stands still', WAIT_MS, () => {
      same = written > 0 && written === last ? same + 1 : 0
      last = written
      return same > 10
    })
    // The kernel's buffers of two connections take a few megabytes each; the node must not take more.
    assert.ok(written < 48 * 1024 * 1024, `${written}`)
    const before = written
    socket.resume()
    await poll('it goes on', WAIT_MS, () => written > 2 * before)
    socket.destroy()
    await over.promise
  })

  it('is given up for a client that reads nothing at all, which is not the fault of the other node', async () => {
    const piece = Buffer.from(`data: ${'x'.repeat(64 * 1024)}\n\n`)
    const over = Promise.withResolvers<void>()
    await using other = await startOtherNode(async (_request, response) => {
      openStream(response)
      response.on('close', () => over.resolve())
      while (!response.destroyed) {
        if (!response.write(piece)) await Promise.race([once(response, 'drain'), over.promise])
      }
    })
    const scripted = scriptedRouter()
    scripted.script = other.route
    const streamLimits = { keepAliveMs: 1000, stallTimeoutMs: 50 }
    await using api = await startApi({ streamLimits }, { router: scripted.router })
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
    socket.pause()
    const text = JSON.stringify(FAR)
    const head = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}`
    socket.write(`${head}\r\n\r\n${text}`)
    await over.promise
    await poll('counted', WAIT_MS, async () => /forwarded_requests_total\{/.test(await api.metrics()))
    assert.match(await api.metrics(), /forwarded_requests_total\{node="b",outcome="cancelled"\} 1/)
    socket.destroy()
  })
})

describe('a node that is lost midway', () => {
  it('ends a stream with an error event, behind the last whole event, and the end of the dialect', async () => {
    for (const path of [CHAT, '/v1/completions']) {
      await using other = await startOtherNode((_request, response) => {
        openStream(response)
        response.write('data: {"n":1}\n\ndata: {"n":', () => response.destroy())
      })
      const scripted = scriptedRouter()
      scripted.script = other.route
      await using api = await startApi({}, { router: scripted.router })
      const response = await api.post(path, { ...FAR, stream: true })
      const events = await readEvents(response)
      assert.equal(events.pop(), '[DONE]')
      assert.deepEqual(events.shift(), { n: 1 })
      assert.match(JSON.stringify(events), /^\[\{"error":\{"code":502,.*cannot be reached.*"server_error"/)
      assert.match(await api.metrics(), /node="b",outcome="lost"\} 1/)
    }
  })

  it('says nothing of why, where errors are opaque; nor does an error of the other node', async () => {
    let status = 200
    await using other = await startOtherNode((_request, response) => {
      if (status === 200) {
        openStream(response)
        response.write('data: {"n":1}\n\n', () => response.destroy())
      } else response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":"inside"}')
    })
    const scripted = scriptedRouter()
    scripted.script = other.route
    await using api = await startApi({ access: { opaqueErrors: true } }, { router: scripted.router })
    const broken = await (await api.post(CHAT, { ...FAR, stream: true })).text()
    assert.match(broken, /internal error/)
    assert.doesNotMatch(broken, /reached/)
    assert.equal(scripted.asked[0]?.headers['x-local-ai-opaque'], '1')
    status = 400
    const refused = await api.post(CHAT, FAR)
    assert.equal(refused.status, 400)
    assert.equal(refused.headers.get('content-type'), null)
    assert.equal(await refused.text(), '')
    // The connection is in order afterwards.
    assert.equal((await api.post(CHAT, FAR)).status, 400)
  })

  it('cuts any other answer off, so that nobody takes it for a whole one', async () => {
    for (const head of [{ 'content-length': '100' }, {}]) {
      await using other = await startOtherNode((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', ...head })
        response.write('{"half":', () => response.destroy())
      })
      const scripted = scriptedRouter()
      scripted.script = other.route
      await using api = await startApi({}, { router: scripted.router })
      const response = await api.post(CHAT, FAR)
      await assert.rejects(response.text())
    }
  })

  it('before its first byte is an error like any other', async () => {
    const scripted = scriptedRouter()
    scripted.script = async () => ({
      kind: 'remote',
      answer: {
        status: 200,
        headers: { 'content-type': 'text/event-stream', 'content-length': '5' },
        body: (async function* lost() {
          yield* []
          throw new Error('socket hang up')
        })(),
        node: { peerId: 'b', name: 'b' },
        attempts: [],
      },
    })
    await using api = await startApi({}, { router: scripted.router })
    const response = await api.post(CHAT, { ...FAR, stream: true })
    assert.equal(response.status, 502)
    assert.doesNotMatch((await errorOf(response)).message, /hang up/)
  })

  it('or that lies about the length of its answer puts nothing into the next one', async () => {
    const forged = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'
    // Cut off when it is too late for an error.
    for (const [length, begins] of [
      ['2', /^(HTTP\/1.1 200 |$)/],
      [['2', '4'], /^HTTP\/1.1 502 /],
      ['2, 2', /^HTTP\/1.1 502 /],
      ['-1', /^HTTP\/1.1 502 /],
    ] as const) {
      const scripted = scriptedRouter()
      scripted.script = async () => ({
        kind: 'remote',
        answer: {
          status: 200,
          headers: { 'content-type': 'application/json', 'content-length': length },
          body: (async function* longer() {
            yield Buffer.from('{}')
            yield Buffer.from(forged)
          })(),
          node: { peerId: 'b', name: 'b' },
          attempts: [],
        },
      })
      await using api = await startApi({}, { router: scripted.router })
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
      const text = JSON.stringify(FAR)
      const head = `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json`
      socket.write(`${head}\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
      let answer = ''
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        answer += String(bytes)
      })
      await once(socket, 'close')
      assert.match(answer, begins)
      assert.doesNotMatch(answer, /forged/)
    }
  })

  it('or that answers with a status that ends no answer is an error', async () => {
    for (const status of [100, 101, 199]) {
      const scripted = scriptedRouter()
      scripted.script = async () => ({
        kind: 'remote',
        answer: {
          ...{ status, headers: {}, node: { peerId: 'b', name: 'b' }, attempts: [] },
          body: (async function* nothing() {})(),
        },
      })
      await using api = await startApi({}, { router: scripted.router })
      assert.equal((await api.post(CHAT, FAR)).status, 502)
    }
  })

  it('and a head that is no HTTP leaves nothing of itself behind', async () => {
    const scripted = scriptedRouter()
    scripted.script = async () => ({
      kind: 'remote',
      answer: {
        status: 200,
        headers: { 'x-good': '1', 'x-bad': 'a\r\nb: c' },
        body: (async function* fine() {
          yield Buffer.from('x')
        })(),
        node: { peerId: 'b', name: 'b' },
        attempts: [],
      },
    })
    await using api = await startApi({}, { router: scripted.router })
    const response = await api.post(CHAT, FAR)
    assert.equal(response.status, 502)
    assert.equal(response.headers.get('x-good'), null)
    assert.equal((await errorOf(response)).code, 502)
  })
})

describe('a request that nobody can answer', () => {
  const cases = [
    [new AppError('network.model-not-found', 'no node has "far"; there are: near'), 404, null, /there are: near/],
    [new AppError('federation.unavailable', 'nobody is there'), 503, '5', /nobody/],
    [
      new AppError('federation.overloaded', 'all are busy', { details: { retryAfterMs: 2500 } }),
      429,
      '3',
      /all are busy/,
    ],
    [new TypeError('a bug'), 500, null, /^internal error/],
  ] as const
  for (const [error, status, retryAfter, says] of cases) {
    it(`is answered with ${status}`, async () => {
      const scripted = scriptedRouter()
      scripted.script = () => Promise.reject(error)
      await using api = await startApi({ nodeHeader: 'a' }, { router: scripted.router })
      const response = await api.post(CHAT, { ...FAR, stream: true })
      assert.equal(response.status, status)
      assert.equal(response.headers.get('retry-after'), retryAfter)
      assert.equal(response.headers.get('x-localai-node'), 'a')
      assert.match((await errorOf(response)).message, says)
      assert.match(await api.metrics(), /node="none",outcome="unrouted"\} 1/)
    })
  }
})

describe('a request that is no request', () => {
  const cases: readonly [name: string, body: string, says: RegExp][] = [
    ['broken JSON', '{"messages":', /not valid JSON/],
    ['broken JSON with a model', '{"model":"far","messages":', /not valid JSON/],
    ['nothing', '', /empty/],
    ['a prototype', '{"__proto__":{"x":1},"messages":[]}', /not valid JSON/],
    ['too deep', `{"model":"far","messages":${'['.repeat(200)}${']'.repeat(200)}}`, /nested more than 128/],
  ]
  it('is answered here, as on a node that is alone, and nobody else is asked', async () => {
    const scripted = scriptedRouter()
    await using alone = await startApi()
    await using api = await startApi({}, { router: scripted.router })
    await using entry = await startEntry({ router: scripted.router, ...fakeNetwork().deps })
    for (const [name, body, says] of cases) {
      for (const node of [api, entry]) {
        const [expected, response] = [await alone.post(CHAT, body), await node.post(CHAT, body)]
        assert.equal(response.status, 400, name)
        const text = await response.text()
        assert.equal(text, await expected.text(), name)
        assert.match(text, says, name)
      }
    }
    for (const node of [api, entry]) {
      const response = await node.post(CHAT, FAR, { headers: { 'content-type': 'text/plain' } })
      assert.equal(response.status, 400)
      assert.equal((await fetch(`${node.url}${CHAT}`, { method: 'POST' })).status, 400)
    }
    assert.equal(scripted.asked.length, 0)
  })

  it('or too large, is refused before anybody is asked', async () => {
    const scripted = scriptedRouter()
    await using api = await startApi({ uploadLimitBytes: 2000 }, { router: scripted.router })
    const body = { ...FAR, messages: 'x'.repeat(5000) }
    assert.equal((await api.post(CHAT, body)).status, 413)
    async function* chunks() {
      for (const piece of JSON.stringify(body).match(/.{1,700}/g) ?? []) yield Buffer.from(piece)
    }
    const stream = ReadableStream.from(chunks())
    const init = { body: stream, duplex: 'half' } as RequestInit
    assert.equal((await api.post(CHAT, '', init)).status, 413)
    assert.equal(scripted.asked.length, 0)
  })

  it('but is JSON, is refused by the node that would have served it', async () => {
    const scripted = scriptedRouter()
    await using api = await startApi({}, { router: scripted.router })
    for (const body of ['[1]', 'null', '{"model":5,"messages":[]}', '{"model":"tiny"}']) {
      assert.equal((await api.post(CHAT, body)).status, 400, body)
    }
    assert.equal(scripted.asked.length, 4)
    await poll('places are given back', WAIT_MS, () => scripted.places === 0)
  })
})

describe('a request that this node answers', () => {
  it('holds its place until the answer has ended', async () => {
    const scripted = scriptedRouter()
    await using api = await startApi({ nodeHeader: 'küche' }, { router: scripted.router })
    const gate = Promise.withResolvers<void>()
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('first') })
      await gate.promise
      yield reply({ message: Buffer.from('second') })
      return {}
    }
    const response = await api.post(CHAT, { ...NEAR, stream: true })
    assert.equal(response.headers.get('x-localai-node'), 'k%C3%BCche')
    assert.equal(response.headers.get('x-localai-tries'), null)
    assert.equal(scripted.places, 1)
    gate.resolve()
    assert.equal((await readEvents(response)).pop(), '[DONE]')
    await poll('the place is given back', WAIT_MS, () => scripted.places === 0)
    const unnamed = await api.post(CHAT, { messages: NEAR.messages })
    assert.equal(unnamed.status, 200)
    assert.equal(scripted.asked.at(-1)?.model, undefined)
    const text = await api.metrics()
    assert.match(text, /local_ai_requests_total\{model="tiny",endpoint="chat",status="200"\} 2/)
    assert.doesNotMatch(text, /local_ai_forwarded_requests_total\{/)
  })

  it('gives its place back when the client has left while it waited', async () => {
    const scripted = scriptedRouter()
    let given = 0
    const [waiting, gate] = [Promise.withResolvers<AbortSignal | undefined>(), Promise.withResolvers<void>()]
    scripted.script = async (request, signal) => {
      waiting.resolve(signal)
      await gate.promise
      given += 1
      return await scripted.here(request, signal)
    }
    await using api = await startApi({}, { router: scripted.router })
    const leaving = new AbortController()
    const answer = api.post(CHAT, NEAR, { signal: leaving.signal })
    const signal = await waiting.promise
    leaving.abort()
    await assert.rejects(answer)
    await poll('the node has seen it', WAIT_MS, () => signal?.aborted)
    gate.resolve()
    await poll('the place is given back', WAIT_MS, () => given === 1 && scripted.places === 0)
    await poll('nothing runs', WAIT_MS, () => api.node.leases === 0)
  })
})

describe('a node that passes requests on', () => {
  it('ends a stream that takes too long when it stops, and takes nothing new', async () => {
    const ended = Promise.withResolvers<void>()
    await using other = await startOtherNode((_request, response) => {
      openStream(response)
      response.write('data: 1\n\n')
      response.on('close', () => ended.resolve())
    })
    const scripted = scriptedRouter()
    scripted.script = other.route
    const api = await startApi({ shutdownTimeoutMs: 20 }, { router: scripted.router })
    const response = await api.post(CHAT, { ...FAR, stream: true })
    const [events] = await Promise.all([readEvents(response), api.server.stop()])
    assert.equal(events.pop(), '[DONE]')
    assert.match(JSON.stringify(events.pop()), /"code":503,"message":"the node is shutting down/)
    await ended.promise
  })

  it('refuses more than it may hold', async () => {
    const [started, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await using other = await startOtherNode(async (_request, response) => {
      started.resolve()
      await gate.promise
      response.end('ok')
    })
    const scripted = scriptedRouter()
    scripted.script = other.route
    await using api = await startApi({ maxForwarded: 1 }, { router: scripted.router })
    const first = api.post(CHAT, FAR)
    await started.promise
    const second = await api.post(CHAT, FAR)
    assert.equal(second.status, 503)
    assert.equal(second.headers.get('retry-after'), '1')
    gate.resolve()
    assert.equal((await first).status, 200)
    assert.equal((await api.post(CHAT, FAR)).status, 200)
  })

  it('tells callers apart without telling their keys', async () => {
    await using other = await startOtherNode((_request, response) => response.end('ok'))
    const scripted = scriptedRouter()
    scripted.script = other.route
    const apiKeys = ['first-secret', 'second-secret']
    await using api = await startApi({ apiKeys }, { router: scripted.router })
    for (const key of [...apiKeys, 'second-secret']) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
      assert.equal((await api.post(CHAT, FAR, { headers })).status, 200)
    }
    const callers = scripted.asked.map(({ caller }) => caller)
    assert.equal(new Set(callers).size, 2)
    assert.equal(callers[1], callers[2])
    assert.doesNotMatch(String(callers), /secret/)
  })
})

describe('an entry without models', () => {
  it('passes everything on, and is ready when somebody serves', async () => {
    await using other = await startOtherNode(async (request, response) => response.end(await bodyOf(request)))
    const scripted = scriptedRouter()
    scripted.script = other.route
    const network = fakeNetwork()
    await using entry = await startEntry({ router: scripted.router, ...network.deps })
    for (const path of [CHAT, '/completions', '/v1/embeddings', '/v1/tokenize', '/v1/detokenize']) {
      assert.deepEqual(await (await entry.post(path, FAR)).json(), FAR, path)
    }
    assert.deepEqual(await (await entry.post(CHAT, { messages: [] })).json(), { messages: [] })
    assert.equal((await fetch(`${entry.url}/v1/nope`)).status, 404)
    assert.equal((await fetch(`${entry.url}/readyz`)).status, 200)
    network.silence()
    const starting = await fetch(`${entry.url}/readyz`)
    assert.equal(starting.status, 503)
    assert.match(await starting.text(), /no member/)
    assert.equal((await fetch(`${entry.url}/healthz`)).status, 200)
  })
})
