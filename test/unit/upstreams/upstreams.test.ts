import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { AppError } from '../../../src/base/errors.ts'
import type { AbortOptions } from '../../../src/base/signals.ts'
import type { PredictOptions } from '../../../src/grpc/generated/backend/PredictOptions.ts'
import type { Reply__Output } from '../../../src/grpc/generated/backend/Reply.ts'
import { createUpstreams, type Upstreams } from '../../../src/upstreams/create-upstreams.ts'
import { parseUpstreamUrl } from '../../../src/upstreams/upstream-config.ts'
import { collect } from '../../support/collect.ts'
import { poll } from '../../support/poll.ts'
import { events, json, type ScriptedServer, said, startScriptedServer } from './scripted-server.ts'

const KEY = 'sk-very-secret'
const CHAT = '/v1/chat/completions'
const POLLING = { everyMs: 3_600_000, firstMs: 20, longestMs: 40 }

interface Attached extends AsyncDisposable {
  readonly upstreams: Upstreams
  readonly log: string[]
  readonly outcomes: string[]
  ask(model: string, predict?: PredictOptions, options?: AbortOptions): AsyncGenerator<Reply__Output>
}

/** Servers by their names, attached as a node does it. */
async function attach(
  servers: Readonly<Record<string, ScriptedServer | string>>,
  polling = POLLING,
): Promise<Attached> {
  const log: string[] = []
  const outcomes: string[] = []
  const upstreams = createUpstreams(
    {
      log: pino({ level: 'trace' }, { write: (line: string) => log.push(line) }),
      metrics: {
        upstreamSeen: () => {},
        upstreamAsked: ({ upstream, outcome }) => outcomes.push(`${upstream} ${outcome}`),
      },
    },
    {
      upstreams: Object.entries(servers).map(([name, server]) => ({
        name,
        key: KEY,
        ...parseUpstreamUrl(typeof server === 'string' ? server : server.url, name),
      })),
      polling,
      firstLookMs: 30_000,
    },
  )
  await upstreams.start()
  return {
    upstreams,
    log,
    outcomes,
    async *ask(model, predict = {}, options = {}) {
      const config = upstreams.find(model)
      assert.ok(config)
      using lease = upstreams.lease(config, false)
      yield* lease.client.predictStream(
        { UseTokenizerTemplate: true, Messages: [{ role: 'user', content: 'hi' }], ...predict },
        options,
      )
    },
    [Symbol.asyncDispose]: async () => await upstreams.stop(),
  }
}

const contentOf = (replies: readonly Reply__Output[]): string =>
  replies.flatMap(({ chat_deltas }) => chat_deltas.map(({ content }) => content)).join('')

const read = async (replies: AsyncIterable<Reply__Output>): Promise<string> => contentOf(await collect(replies))

/** The error of a request that must fail. */
async function failure(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof AppError, `an error of ours, and not ${String(error)}`)
  assert.ok(!`${error.message} ${JSON.stringify(error.details)}`.includes(KEY), 'no key in an error')
  return error
}

describe('an answer of an upstream', () => {
  it('comes piece by piece, with thoughts, calls, counters and the reason of its end', async () => {
    const call = (value: object) => ({ choices: [{ delta: { tool_calls: [value] }, finish_reason: null }] })
    await using server = await startScriptedServer({
      [CHAT]: events(
        { choices: [{ delta: { role: 'assistant', content: '' }, finish_reason: null }] },
        { choices: [{ delta: { reasoning: 'hm' }, finish_reason: null }] },
        said('Hel'),
        said('lo'),
        call({ index: 0, id: 'c1', function: { name: 'f', arguments: '' } }),
        call({ index: 0, function: { arguments: '{"x":1}' } }),
        { choices: [{ delta: {}, finish_reason: 'tool_calls' }] },
        { choices: [], usage: { prompt_tokens: 5, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 3 } } },
      ),
    })
    await using node = await attach({ a: server })
    const replies: Reply__Output[] = []
    const answer = node.ask('a/m')
    let next = await answer.next()
    for (; next.done !== true; next = await answer.next()) replies.push(next.value)
    assert.equal(contentOf(replies), 'Hello')
    const deltas = replies.flatMap(({ chat_deltas }) => chat_deltas)
    assert.equal(deltas.map(({ reasoning_content }) => reasoning_content).join(''), 'hm')
    assert.deepEqual(
      deltas.flatMap(({ tool_calls }) => tool_calls),
      [
        { index: 0, id: 'c1', name: 'f', arguments: '' },
        { index: 0, id: '', name: '', arguments: '{"x":1}' },
      ],
    )
    const { tokens, prompt_tokens } = replies.at(-1) ?? {}
    assert.deepEqual({ tokens, prompt_tokens }, { tokens: 7, prompt_tokens: 5 })
  })

  it('takes the key and nothing else of the node, and is asked of that server only', async () => {
    await using elsewhere = await startScriptedServer()
    await using server = await startScriptedServer({
      [CHAT]: (response) => void response.writeHead(302, { location: `${elsewhere.url}${CHAT}` }).end(),
    })
    await using node = await attach({ a: server })
    assert.match((await failure(read(node.ask('a/m')))).message, /redirects \(302\), which is not followed/)
    assert.deepEqual(elsewhere.asked, [])
    const headers = server.asked.at(-1)?.headers ?? {}
    assert.equal(headers['authorization'], `Bearer ${KEY}`)
    assert.deepEqual(
      Object.keys(headers)
        .filter((name) => !['host', 'connection', 'content-length'].includes(name))
        .toSorted(),
      ['accept', 'authorization', 'content-type', 'user-agent'],
    )
    assert.ok(!node.log.join('').includes(KEY), 'no key in the log')
    assert.ok(!JSON.stringify(node.upstreams.report()).includes(KEY), 'no key in reports')
  })

  it('ends at the server at once when nobody waits for it any more', async () => {
    await using server = await startScriptedServer({
      [CHAT]: (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify(said('a'))}\n\n`)
      },
    })
    await using node = await attach({ a: server })
    const leave = new AbortController()
    const answer = node.ask('a/m', {}, { signal: leave.signal })
    assert.equal(contentOf([(await answer.next()).value]), 'a')
    leave.abort(new Error('gone'))
    await assert.rejects(answer.next(), /gone/)
    await server.left
    assert.deepEqual(node.outcomes, ['a cancelled'])
  })

  it('leaves its connection to the next one', async () => {
    const ports = new Set<number | undefined>()
    await using server = await startScriptedServer({
      [CHAT]: (response, asked) => {
        ports.add(response.socket?.remotePort)
        events(said('a'), said('b', 'stop'))(response, asked)
      },
    })
    await using node = await attach({ a: server })
    for (let turn = 0; turn < 8; turn++) assert.equal(await read(node.ask('a/m')), 'ab')
    // The next one may be asked while the last bytes of the one before are on their way.
    assert.ok(ports.size <= 2, `${ports.size} connections for eight answers, one after the other`)
  })

  it('that is no answer is refused, whatever it is', async () => {
    const sent = (text: string) => (response: ServerResponse) =>
      void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text)
    await using server = await startScriptedServer()
    await using node = await attach({ a: server })
    const cases: readonly [string, RegExp][] = [
      ['data: {"choices":[\n\n', /sent an event that is no JSON/],
      ['data: 7\n\n', /sent an event that is no JSON/],
      [`data: ${JSON.stringify(said('half'))}\n\n`, /ended its answer without saying why/],
      ['<html>not here</html>', /ended its answer without saying why/],
      ['data: {"error":{"message":"out of memory"}}\n\n', /says that it failed: out of memory/],
      [`data: ${'x'.repeat(5 * 1024 * 1024)}`, /sent an event without an end/],
    ]
    for (const [text, words] of cases) {
      server.routes.set(CHAT, sent(text))
      const error = await failure(read(node.ask('a/m')))
      assert.equal(error.code, 'upstream.failed')
      assert.match(error.message, words)
    }
  })

  it('is asked again on another connection when it closes the one that it promised to keep', async () => {
    const used = new WeakSet<object>()
    const answer = events(said('hi', 'stop'))
    const routes: Parameters<typeof startScriptedServer>[0] = {
      [CHAT](response, asked) {
        const { socket } = response
        assert.ok(socket)
        if (used.has(socket)) socket.destroy()
        else void answer(response, asked)
        used.add(socket)
      },
    }
    await using server = await startScriptedServer(routes)
    await using node = await attach({ closing: server })
    for (let times = 0; times < 4; times += 1) assert.equal(await read(node.ask('m')), 'hi')
    const before = server.asked.length
    server.routes.set(CHAT, (response) => void response.destroy())
    assert.equal((await failure(read(node.ask('m')))).code, 'upstream.unreachable')
    assert.equal(server.asked.length, before + 2, 'asked again once')
  })

  it('that breaks off in the middle is an error, and not asked for again', async () => {
    await using other = await startScriptedServer({ [CHAT]: events(said('other', 'stop')) })
    await using server = await startScriptedServer({
      [CHAT]: (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`data: ${JSON.stringify(said('begun'))}\n\n`, () => response.destroy())
      },
    })
    await using node = await attach({ a: server, b: other })
    const got: string[] = []
    const error = await failure(
      (async () => {
        for await (const reply of node.ask('m')) got.push(contentOf([reply]))
      })(),
    )
    assert.equal(error.code, 'upstream.failed')
    assert.match(error.message, /upstream a broke off its answer/)
    assert.deepEqual(got, ['begun'])
    assert.equal(other.asked.filter(({ path }) => path === CHAT).length, 0)
  })

  it('whose body does not end is read to its bound and no further', async () => {
    await using server = await startScriptedServer({
      '/v1/embeddings': (response) => {
        response.writeHead(200)
        const fill = (): void => {
          while (!response.destroyed && response.write('x'.repeat(1 << 20)));
          if (!response.destroyed) response.once('drain', fill)
        }
        fill()
      },
    })
    await using node = await attach({ a: server })
    const config = node.upstreams.find('a/m')
    assert.ok(config)
    using lease = node.upstreams.lease(config, false)
    assert.match((await failure(lease.client.embedding({ Embeddings: 'x' }))).message, /answered more than \d+ bytes/)
    await server.left
  })
})

describe('what an upstream refuses', () => {
  const refusals: readonly [number, unknown, string, RegExp][] = [
    [
      400,
      { error: { message: 'max_tokens is too large' } },
      'request.invalid',
      /upstream a answered 400: max_tokens is too/,
    ],
    [400, { error: { code: 'context_length_exceeded', message: 'too long' } }, 'request.context-exceeded', /too long/],
    [
      401,
      { error: { message: `Incorrect API key: ${KEY}` } },
      'upstream.unreachable',
      /refused its key \(401\): see --up/,
    ],
    [404, { error: 'model "m" not found' }, 'upstream.unreachable', /does not have the model any more/],
    [404, { error: 'no page' }, 'request.unsupported', /cannot do that \(404\): no page/],
    [422, { detail: 'bad' }, 'request.invalid', /answered 422: bad/],
    [429, { error: { message: 'slow down' } }, 'model.busy', /answered 429: slow down/],
    [500, { error: `key ${KEY} broke` }, 'upstream.unreachable', /answered 500: key \[hidden\] broke/],
    [503, 'loading', 'model.busy', /answered 503/],
    [529, {}, 'model.busy', /answered 529/],
  ]
  it('is said in its words where they are of use, without the key', async () => {
    await using server = await startScriptedServer()
    await using node = await attach({ a: server })
    for (const [status, body, code, words] of refusals) {
      server.routes.set(CHAT, json(body, status))
      const error = await failure(read(node.ask('a/m')))
      assert.equal(error.code, code, `${status}`)
      assert.match(error.message, words)
    }
  })

  it('is asked of the next one that has the model, and a full one is left alone as long as it says', async () => {
    const full = (response: ServerResponse) => void response.writeHead(429, { 'retry-after': '120' }).end('{}')
    await using one = await startScriptedServer({ [CHAT]: full })
    await using other = await startScriptedServer({ [CHAT]: events(said('from b', 'stop')) })
    await using node = await attach({ a: one, b: other })
    assert.equal(await read(node.ask('m')), 'from b')
    assert.equal(await read(node.ask('m')), 'from b')
    assert.deepEqual(node.outcomes, ['a full', 'b answered', 'b answered'])
    const error = await failure(read(node.ask('a/m')))
    assert.equal(error.code, 'model.busy')
    assert.ok(Number(error.details['retryAfterMs']) > 100_000)
    assert.equal(one.asked.filter(({ path }) => path === CHAT).length, 1)
  })
})

describe('the models of upstreams', () => {
  const list = (...ids: readonly string[]) => json({ data: ids.map((id) => ({ id, max_model_len: 4096 })) })
  const names = (node: Attached) =>
    node.upstreams
      .list()
      .map(({ id }) => id)
      .toSorted()

  it('have the name of their server, and their own', async () => {
    await using one = await startScriptedServer({ '/v1/models': list('org/x', 'bge-small') })
    await using other = await startScriptedServer({ '/v1/models': list('org/x') })
    await using node = await attach({ a: one, b: other })
    assert.deepEqual(names(node), ['a/bge-small', 'a/org/x', 'b/org/x', 'bge-small', 'org/x'])
    assert.equal(node.upstreams.find('org/x')?.attached, 'a, b')
    assert.deepEqual(node.upstreams.find('bge-small')?.knownUseCases, ['embeddings'])
    assert.equal(node.upstreams.find('org/x')?.contextSize, 4096)
  })

  it('are not those that another node of ours has from this one', async () => {
    const entry = (id: string, owned_by: string) => ({ id, object: 'model', owned_by })
    const echo = ['x', 'a/x', 'b/a/x', 'aa/x'].map((id) => entry(id, 'local-ai'))
    await using ours = await startScriptedServer({ '/v1/models': json({ data: echo }) })
    // Other programs may call a model as this node calls their server.
    await using other = await startScriptedServer({ '/v1/models': json({ data: [entry('org/y', 'vllm')] }) })
    await using node = await attach({ a: ours, org: other })
    assert.deepEqual(names(node), ['a/aa/x', 'a/x', 'aa/x', 'org/org/y', 'org/y', 'x'])
  })

  it('come when their server comes, go when it goes, and a request then says why', async () => {
    const server = await startScriptedServer()
    const { url } = server
    await using node = await attach({ a: server, b: 'http://127.0.0.1:9' })
    assert.deepEqual(names(node), ['a/m', 'm'])
    assert.match((await failure(read(node.ask('b/anything')))).message, /upstream b cannot be reached \(ECONNREFUSED\)/)
    await server[Symbol.asyncDispose]()
    assert.equal((await failure(read(node.ask('m')))).code, 'upstream.unreachable')
    await poll('the model is gone', 10_000, () => names(node).length === 0)
    assert.match((await failure(read(node.ask('m')))).message, /model "m" is on a server that does not serve/)
    assert.ok(!node.upstreams.serves('m'))
    await using again = await startScriptedServer({ [CHAT]: events(said('back', 'stop')) }, Number(new URL(url).port))
    await poll('the model is back', 10_000, () => names(node).length === 2)
    assert.equal(await read(node.ask('m')), 'back')
    assert.ok(again.asked.length > 0)
  })

  it('are tried where they are in memory anyway, and the server says how many answers it gives at a time', async () => {
    await using server = await startScriptedServer({
      '/v1/models': json({ data: [{ id: 'm', owned_by: 'llamacpp' }] }),
      '/props': json({ total_slots: 3, default_generation_settings: { n_ctx: 512 }, build_info: 'b1' }),
      '/v1/rerank': json({ results: [{ index: 0, relevance_score: 1 }] }),
      [CHAT]: json({ error: 'no' }, 501),
    })
    await using node = await attach({ a: server })
    const [report] = node.upstreams.report()
    assert.equal(report?.kind, 'llama-server')
    assert.deepEqual([report?.slots, report?.slotsKnown, report?.version], [3, true, 'b1'])
    assert.deepEqual(report?.models, [
      { id: 'm', capabilities: ['rerank', 'tokenize'], source: 'tried', contextSize: 512 },
    ])
  })

  it('are known anew when their server was started again with other settings, between two looks', async () => {
    const props = (total_slots: number, n_ctx: number) => json({ total_slots, default_generation_settings: { n_ctx } })
    await using server = await startScriptedServer({ '/props': props(3, 512), [CHAT]: events(said('no', 'stop')) })
    await using node = await attach({ a: server }, { ...POLLING, everyMs: 20 })
    const known = () => node.upstreams.report().map(({ slots, models }) => [slots, models[0]?.contextSize])[0]
    assert.deepEqual(known(), [3, 512])
    server.routes.set('/props', props(8, 4096))
    await poll('what the server says now is known', 5000, () => known()?.join() === '8,4096')
    assert.equal(node.upstreams.find('m')?.contextSize, 4096)
  })

  it('are served in part where the operator says so, and no list of another kind is taken for one', async () => {
    await using server = await startScriptedServer({ '/v1/models': json({ hello: 'world' }) })
    await using node = await attach({ a: server })
    assert.deepEqual(names(node), [])
    assert.match(node.upstreams.report()[0]?.problem ?? '', /does not list its models as OpenAI's API does/)
  })
})
