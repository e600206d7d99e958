import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { createDrain } from '../../src/compose/create-drain.ts'
import { createLoopWatch, TICK_MS } from '../../src/telemetry/loop-watch.ts'
import { answersAreMadeUp } from '../support/check-answers.ts'
import { poll } from '../support/poll.ts'
import { startApi, startEntry } from './api-harness.ts'
import { fakeNetwork } from './fake-network.ts'
import { scriptedRouter, startOtherNode } from './scripted-router.ts'

answersAreMadeUp()

const CHAT = '/v1/chat/completions'
const HELLO = [{ role: 'user', content: 'hi' }]
const BODY = { model: 'far', messages: HELLO }
const STORED = `/v1/responses/resp_00000000aa_${'0'.repeat(32)}`
const WAIT_MS = 10_000

/** Every dialect's way to say no. */
const DIALECTS: readonly [path: string, body: object, says: RegExp][] = [
  [CHAT, BODY, /^\{"error":\{"code":503,"message":"this node is .*","type":"server_error","param":null\}\}$/],
  ['/v1/messages', { ...BODY, max_tokens: 5 }, /^\{"type":"error","error":\{"type":"overloaded_error"/],
  ['/v1/responses', { model: 'far', input: 'hi' }, /^\{"error":\{"type":"server_error",.*"code":"","param":""\}\}$/],
  ['/v1/rerank', { model: 'far', query: 'a', documents: ['a'] }, /"code":503/],
]

/** An entry before a node that says one word, and the other when it is told to. */
async function startDrained() {
  const gate = Promise.withResolvers<void>()
  const other = await startOtherNode(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"n":1}\n\n')
    await gate.promise
    response.end('data: [DONE]\n\n')
  })
  const scripted = scriptedRouter()
  scripted.script = other.route
  const told: boolean[] = []
  const drain = createDrain({
    log: { info() {} },
    running: () => entry.server.onTheWay(),
    changed: () => void told.push(drain.draining),
  })
  const failures: unknown[] = []
  const log = pino({ level: 'silent' })
  log.error = (...line: readonly unknown[]) => void failures.push(line)
  const entry = await startEntry({ ...fakeNetwork().deps, router: scripted.router, drain }, { log })
  return {
    entry,
    told,
    failures,
    asked: scripted.asked,
    goOn: gate.resolve,
    state: async (method = 'GET') => await (await fetch(`${entry.url}/api/p2p/drain`, { method })).json(),
    ready: async () => {
      const response = await fetch(`${entry.url}/readyz`)
      return { status: response.status, text: await response.text() }
    },
    async [Symbol.asyncDispose]() {
      gate.resolve()
      await entry[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    },
  }
}

describe('an entry that drains', () => {
  it('finishes what runs through it, refuses what is new, and takes that again when it is told to', async () => {
    await using scene = await startDrained()
    const { entry } = scene
    const stream = await entry.post(CHAT, { ...BODY, stream: true })
    assert.deepEqual(await scene.state(), { draining: false, running: 1 })
    assert.deepEqual(await scene.state('POST'), { draining: true, running: 1 })
    assert.deepEqual(await scene.ready(), {
      status: 503,
      text: '{"status":"draining","reason":"the node takes nothing new"}',
    })
    const refused = await entry.post(CHAT, BODY)
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5'])
    assert.match(await refused.text(), /this node is draining: it takes nothing new/)
    assert.equal(scene.asked.length, 1)
    scene.goOn()
    assert.match(await stream.text(), /\[DONE\]/)
    await poll('nothing runs', WAIT_MS, async () => ((await scene.state()) as { running: number }).running === 0)
    assert.deepEqual(await scene.state('DELETE'), { draining: false, running: 0 })
    assert.equal((await scene.ready()).status, 200)
    assert.equal((await entry.post(CHAT, BODY)).status, 200)
    assert.deepEqual(scene.told, [true, false])
    assert.match(await entry.metrics(), /local_ai_requests_refused_total\{why="draining"\} 1/)
    assert.deepEqual(scene.failures, [])
  })

  it('still answers what is no new work, and nobody without a key', async () => {
    await using scene = await startDrained()
    scene.goOn()
    await scene.state('POST')
    for (const path of ['/v1/models', '/healthz', '/metrics', '/api/p2p/federation']) {
      assert.equal((await fetch(`${scene.entry.url}${path}`)).status, 200, path)
    }
    assert.equal((await fetch(`${scene.entry.url}${STORED}`)).status, 200)
    assert.equal((await scene.entry.post(`${STORED}/cancel`, {})).status, 200)
    assert.deepEqual(
      scene.asked.map(({ method }) => method),
      ['GET', 'POST'],
    )
    await using guarded = await startEntry(
      { ...fakeNetwork().deps, router: scriptedRouter().router, lag: { late: true } },
      { apiKeys: ['ann'] },
    )
    assert.equal((await guarded.post(CHAT, BODY)).status, 401)
  })
})

describe('a node that is behind with its work', () => {
  it('refuses new requests in the words of each dialect, and takes them again when it is not', async () => {
    const lag = { late: true }
    const scripted = scriptedRouter()
    await using entry = await startEntry({ ...fakeNetwork().deps, router: scripted.router, lag })
    await using node = await startApi({}, { lag })
    await using member = await startApi({}, { ...fakeNetwork().deps, router: scripted.router, lag })
    for (const face of [entry, node, member]) {
      for (const [path, body, says] of DIALECTS) {
        const refused = await face.post(path, body)
        assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5'], path)
        assert.match(await refused.text(), says)
      }
      assert.equal((await fetch(`${face.url}/v1/models`)).status, 200)
      assert.equal((await fetch(`${face.url}/readyz`)).status, 200)
      assert.match(await face.metrics(), /local_ai_requests_refused_total\{why="lag"\} 4/)
    }
    assert.equal(scripted.asked.length, 0)
    lag.late = false
    assert.equal((await node.post(CHAT, { ...BODY, model: 'tiny' })).status, 200)
    assert.equal((await member.post(CHAT, { ...BODY, model: 'tiny' })).status, 200)
  })

  it('does not wait for the body', async () => {
    await using node = await startApi({}, { lag: { late: true } })
    const { port } = new URL(node.url)
    const sent = httpRequest({ port, method: 'POST', path: CHAT, headers: { 'content-type': 'application/json' } })
    sent.on('error', () => {})
    sent.write('{"model":')
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, 503)
    response.resume()
    await once(response, 'end')
    sent.destroy()
  })

  it('finds that out by its own event loop', async () => {
    const limitMs = 50
    const watch = createLoopWatch({ log: { warn() {}, info() {} } }, { limitMs })
    await using node = await startApi({}, { lag: watch })
    await watch.start()
    const ask = async () => (await node.post(CHAT, { ...BODY, model: 'tiny' })).status
    assert.equal(await ask(), 200)
    for (let ticks = 0; ticks < 20 && !watch.late; ticks++) {
      const until = performance.now() + TICK_MS + 2 * limitMs
      while (performance.now() < until);
      await setImmediate()
      watch.look()
    }
    assert.ok(watch.late)
    assert.equal(await ask(), 503)
    await poll('it is in time', WAIT_MS, () => {
      watch.look()
      return !watch.late
    })
    assert.equal(await ask(), 200)
    await watch.stop()
  })
})

describe('the metrics of a node that sends requests to others', () => {
  it('tell how many wait for a free node when they are read', async () => {
    let length = 3
    const network = { ...fakeNetwork().deps, router: scriptedRouter().router, waiting: () => length }
    await using entry = await startEntry(network)
    await using node = await startApi({}, network)
    for (const { url } of [entry, node]) {
      for (length of [3, 0]) {
        const text = await (await fetch(`${url}/metrics`)).text()
        assert.match(text, new RegExp(`^local_ai_routing_queue_length ${length}$`, 'm'))
      }
    }
  })
})
