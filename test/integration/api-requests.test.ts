import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Value } from 'typebox/value'
import { Completion, EmbeddingList, ErrorBody, ModelList } from '../../src/api/openai/response-schema.ts'
import { AppError } from '../../src/base/errors.ts'
import { readEvents, startApi } from './api-harness.ts'
import { modelConfig, reply } from './scripted-backend.ts'

const CHAT = '/v1/chat/completions'
const messages = [{ role: 'user', content: 'hi' }]
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

async function errorOf(response: Response) {
  const body: unknown = await response.json()
  assert.deepEqual(Value.Errors(ErrorBody, body), [])
  return Value.Parse(ErrorBody, body).error
}

describe('requests that make no sense', () => {
  const cases: readonly [name: string, path: string, body: unknown, param: string | null, says: RegExp][] = [
    ['broken JSON', CHAT, '{"messages":', null, /not valid JSON/],
    ['nothing', CHAT, '', null, /empty/],
    ['no object', CHAT, '[1]', null, /must be an object/],
    ['a prototype', CHAT, '{"__proto__":{"x":1},"messages":[]}', null, /not valid JSON/],
    ['no messages', CHAT, {}, 'messages', /messages is required/],
    ['messages that are none', CHAT, { messages: 'hi' }, 'messages', /must be an array/],
    ['an empty conversation', CHAT, { messages: [] }, 'messages', /fewer than 1/],
    ['an unknown role', CHAT, { messages: [{ role: 'x' }] }, 'messages[0].role', /must be one of: system/],
    ['a number as content', CHAT, { messages: [{ role: 'user', content: 5 }] }, 'messages[0].content', /a string/],
    ['text as a number', CHAT, { messages, temperature: '0.5' }, 'temperature', /must be a number/],
    ['an infinite number', CHAT, `{"messages":[{"role":"user"}],"temperature":1e999}`, 'temperature', /a number/],
    ['half a token', CHAT, { messages, max_tokens: 1.5 }, 'max_tokens', /an integer/],
    ['no choices', CHAT, { messages, n: 0 }, 'n', />= 1/],
    ['too many choices', CHAT, { messages, n: 1000 }, 'n', /<= 64/],
    ['a bad stop', CHAT, { messages, stop: ['a', 1] }, 'stop[1]', /must be a string/],
    ['a nested format', CHAT, { messages, response_format: { type: 'x' } }, 'response_format.type', /json_schema/],
    [
      'a schema without a schema',
      CHAT,
      { messages, response_format: { type: 'json_schema' } },
      'response_format.json_schema.schema',
      /required/,
    ],
    [
      'a tool that is none',
      CHAT,
      { messages, tools: [{ type: 'function', function: {} }] },
      'tools[0].function.name',
      /required/,
    ],
    [
      'another kind of tool',
      CHAT,
      { messages, tools: [{ type: 'web_search' }] },
      'tools[0].type',
      /must be "function"/,
    ],
    ['a choice of no tool', CHAT, { messages, tool_choice: 'required' }, 'tool_choice', /needs tools/],
    ['alternatives without log probabilities', CHAT, { messages, top_logprobs: 3 }, 'top_logprobs', /logprobs: true/],
    ['a bias of a word', CHAT, { messages, logit_bias: { hello: 1 } }, 'logit_bias', /no token id/],
    [
      'a picture',
      CHAT,
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
      'messages[0].content[0]',
      /text only/,
    ],
    ['a model nobody has', CHAT, { messages, model: 'nope' }, 'model', /model "nope" not found.*GET \/v1\/models/],
    ['no prompt', '/v1/completions', { model: 'tiny' }, 'prompt', /required/],
    ['a prompt of token ids', '/v1/completions', { prompt: [1, 2] }, 'prompt', /token ids are not supported/],
    ['a suffix', '/v1/completions', { prompt: 'a', suffix: 'b' }, 'suffix', /not supported/],
    ['no input', '/v1/embeddings', { input: [] }, 'input', /fewer than 1/],
    ['an empty input', '/v1/embeddings', { input: '' }, 'input', /./],
    ['mixed input', '/v1/embeddings', { input: ['a', 1] }, 'input', /must not mix/],
    ['no content to tokenize', '/v1/tokenize', { model: 'tiny' }, 'content', /required/],
  ]
  it('are answered with 400, naming the field', async () => {
    await using api = await startApi()
    for (const [name, path, body, param, says] of cases) {
      const response = await api.post(path, body)
      assert.equal(response.status, 400, name)
      const error = await errorOf(response)
      assert.deepEqual([error.code, error.type, error.param], [400, 'invalid_request_error', param], name)
      assert.match(error.message, says, name)
    }
    assert.equal(api.node.asked.length, 0)
  })

  it('are refused before they are read when too large, and before they are parsed when too deep', async () => {
    await using api = await startApi({ uploadLimitBytes: 2000 })
    const large = await api.post(CHAT, { messages: [{ role: 'user', content: 'x'.repeat(5000) }] })
    assert.equal(large.status, 413)
    assert.match((await errorOf(large)).message, /--upload-limit/)
    const nested = await api.post(CHAT, `{"messages":${deep(200)}}`)
    assert.equal(nested.status, 400)
    assert.match((await errorOf(nested)).message, /nested more than 128 levels/)
  })

  it('that a client has compressed, or written in another encoding, are told what to do about it', async () => {
    await using api = await startApi()
    const words = JSON.stringify({ messages })
    const given: readonly [body: Buffer, headers: Readonly<Record<string, string>>, says: RegExp][] = [
      [gzipSync(words), { 'content-encoding': 'gzip' }, /compressed \(Content-Encoding\): send it as it is$/],
      [Buffer.from(words, 'utf16le'), { 'content-type': 'application/json; charset=utf-16le' }, /send it as UTF-8$/],
      [Buffer.from('{'), { 'content-type': 'application/json; charset="UTF-8"' }, /is not valid JSON$/],
    ]
    for (const [body, headers, says] of given) {
      const response = await api.post(CHAT, '', {
        headers: { 'content-type': 'application/json', ...headers },
        body: new Uint8Array(body),
      })
      assert.equal(response.status, 400)
      assert.match((await errorOf(response)).message, says)
    }
  })

  it('must say that they are JSON, which no other web page can make a browser do', async () => {
    await using api = await startApi()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const response = await api.post(CHAT, { messages }, { headers: { 'content-type': type } })
      assert.equal(response.status, 400)
      assert.match((await errorOf(response)).message, /Content-Type: application\/json/)
    }
  })

  it('may carry null for absent, and fields that nobody knows', async () => {
    await using api = await startApi()
    const response = await api.post(CHAT, {
      messages,
      stop: null,
      tools: null,
      n: null,
      seed: null,
      whatever: { a: 1 },
    })
    assert.equal(response.status, 200)
  })
})

describe('paths', () => {
  it('that lead nowhere are answered with 404 in the shape of the rest', async () => {
    await using api = await startApi()
    for (const path of ['/nope', '/v1/nope', '/v1/chat/completions']) {
      const response = await fetch(`${api.url}${path}`)
      assert.equal(response.status, 404)
      assert.deepEqual(await response.json(), {
        error: { code: 404, message: 'Resource not found', type: '', param: null },
      })
    }
    assert.equal((await fetch(`${api.url}/%E0%A4%A`)).status, 400)
  })

  it('that lead nowhere are answered with 404 whatever is sent there', async () => {
    await using api = await startApi()
    const form = new FormData()
    form.append('purpose', 'batch')
    const json = { 'content-type': 'application/json' }
    for (const init of [{ body: '{', headers: json }, { body: '', headers: json }, { body: form }, { body: 'x' }]) {
      const response = await fetch(`${api.url}/v1/files`, { method: 'POST', ...init })
      assert.deepEqual([response.status, (await errorOf(response)).message], [404, 'Resource not found'])
    }
  })

  it('may end with a slash and lack the version', async () => {
    await using api = await startApi()
    for (const path of ['/v1/models/', '/models', '/models/']) {
      assert.equal((await fetch(`${api.url}${path}`)).status, 200, path)
    }
    for (const path of ['/chat/completions', '/v1/chat/completions/']) {
      assert.equal((await api.post(path, { messages })).status, 200, path)
    }
  })
})

describe('what is no HTTP', () => {
  const cases = [
    ['garbage', 'GARBAGE\r\n\r\n', 400],
    ['a header without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`, 431],
  ] as const
  for (const [name, text, status] of cases) {
    it(`is answered with ${status}: ${name}`, async () => {
      await using api = await startApi()
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
      socket.write(text)
      let answer = ''
      for await (const bytes of socket) answer += String(bytes)
      assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), answer)
      const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))
      assert.equal(Value.Parse(ErrorBody, body).error.code, status)
    })
  }
})

describe('headers', () => {
  it('echo the correlation id when it is fit to be one, else bring a new one, and the machine tag', async () => {
    await using api = await startApi({ machineTag: 'rack 7' })
    const ids = []
    for (const given of ['mine-1', 'two words', '']) {
      const response = await fetch(`${api.url}/version`, { headers: { 'x-correlation-id': given } })
      assert.equal(response.headers.get('machine-tag'), 'rack 7')
      ids.push(response.headers.get('x-correlation-id') ?? '')
    }
    assert.equal(ids[0], 'mine-1')
    for (const id of ids.slice(1)) assert.match(id, /^[0-9a-f-]{36}$/)
    const stream = await api.post(CHAT, { messages, stream: true })
    assert.equal(stream.headers.get('machine-tag'), 'rack 7')
    await stream.text()
  })

  it('have the request id that OpenAI’s clients show: the caller’s own, else the correlation id', async () => {
    await using api = await startApi()
    for (const stream of [false, true]) {
      const { headers } = await api.post(CHAT, { messages, stream })
      assert.equal(headers.get('x-request-id'), headers.get('x-correlation-id'))
    }
    const failed = await fetch(`${api.url}/nope`, { headers: { 'x-request-id': 'mine' } })
    assert.equal(failed.headers.get('x-request-id'), 'mine')
  })
})

describe('completions', () => {
  it('answer each prompt n times, in order', async () => {
    await using api = await startApi()
    api.node.script = async function* script({ Prompt }) {
      yield reply({ message: Buffer.from(`after ${Prompt}`), tokens: 2, prompt_tokens: 3 })
      return {}
    }
    const response = await api.post('/v1/engines/tiny/completions', { prompt: ['a', 'b'], n: 2, echo: true })
    const answer: unknown = await response.json()
    assert.deepEqual(Value.Errors(Completion, answer), [])
    const { choices, usage, id } = Value.Parse(Completion, answer)
    assert.match(id, /^cmpl-/)
    assert.deepEqual(
      choices.map(({ index, text }) => [index, text]),
      ['aafter a', 'aafter a', 'bafter b', 'bafter b'].map((text, index) => [index, text]),
    )
    assert.equal(usage?.prompt_tokens, 6)
    assert.equal(usage?.completion_tokens, 8)
  })

  it('stream, with usage and log probabilities in the older shape', async () => {
    await using api = await startApi()
    const content = [{ token: 'ab', logprob: -0.5, bytes: [97, 98], top_logprobs: [{ token: 'cd', logprob: -1 }] }]
    api.node.script = async function* script() {
      for (let times = 0; times < 2; times += 1) {
        yield reply({ message: Buffer.from('ab'), logprobs: Buffer.from(JSON.stringify({ content })), tokens: 1 })
      }
      return { finishReason: 'length' }
    }
    const request = { prompt: 'x', stream: true, logprobs: 1, stream_options: { include_usage: true } }
    const events = await readEvents(await api.post('/completions', request))
    assert.equal(events.pop(), '[DONE]')
    const chunks = events.map((event) => {
      assert.deepEqual(Value.Errors(Completion, event), [])
      return Value.Parse(Completion, event)
    })
    const logprobs = { tokens: ['ab'], token_logprobs: [-0.5], top_logprobs: [{ cd: -1 }] }
    assert.deepEqual(
      chunks.slice(0, 2).map(({ choices }) => choices[0]?.logprobs),
      [
        { ...logprobs, text_offset: [0] },
        { ...logprobs, text_offset: [2] },
      ],
    )
    assert.equal(chunks[2]?.choices[0]?.finish_reason, 'length')
    assert.equal(chunks[3]?.usage?.completion_tokens, 1)
  })

  it('say where each token stands in the text, also behind a prompt that is repeated', async () => {
    await using api = await startApi()
    const content = [{ token: 'ab', logprob: -0.5, bytes: [97, 98], top_logprobs: [] }]
    api.node.script = async function* script() {
      yield reply({ message: Buffer.from('ab'), logprobs: Buffer.from(JSON.stringify({ content })), tokens: 1 })
      return { finishReason: 'stop' }
    }
    const request = { prompt: ['one', 'three'], echo: true, logprobs: 1 }
    const whole = Value.Parse(Completion, await (await api.post('/v1/completions', request)).json())
    const offsets = whole.choices.map(({ text, logprobs }) => [text, logprobs?.text_offset])
    assert.deepEqual(offsets, [
      ['oneab', [3]],
      ['threeab', [5]],
    ])
    const events = await readEvents(await api.post('/v1/completions', { ...request, stream: true }))
    const told = events.flatMap((event) => (Value.Check(Completion, event) ? event.choices : []))
    assert.deepEqual(
      told.flatMap(({ index, logprobs }) => (logprobs === null ? [] : [[index, logprobs?.text_offset[0]]])).toSorted(),
      [
        [0, 3],
        [1, 5],
      ],
    )
  })
})

describe('embeddings', () => {
  const embedding = async ({
    Embeddings = '',
    EmbeddingTokens = [],
  }: {
    Embeddings?: string
    EmbeddingTokens?: number[]
  }) => ({
    embeddings: [Embeddings.length, EmbeddingTokens.length, 0.5],
    tokens: 0,
    dim: 3,
    prompt_tokens: 4,
    layout: 'EMBEDDING_LAYOUT_FINAL' as const,
  })

  it('number every input continuously, texts and lists of tokens alike', async () => {
    await using api = await startApi()
    api.node.client = { embedding }
    const response = await api.post('/v1/embeddings', { input: ['abc', [1, 2], 'x'], dimensions: 3 })
    const answer: unknown = await response.json()
    assert.deepEqual(Value.Errors(EmbeddingList, answer), [])
    const { data, usage } = Value.Parse(EmbeddingList, answer)
    assert.deepEqual(
      data.map(({ index, embedding: vector }) => [index, vector]),
      [
        [0, [3, 0, 0.5]],
        [1, [0, 2, 0.5]],
        [2, [1, 0, 0.5]],
      ],
    )
    assert.deepEqual(usage, { prompt_tokens: 12, total_tokens: 12 })
    const flat = Value.Parse(EmbeddingList, await (await api.post('/embeddings', { input: [5, 6, 7] })).json())
    assert.deepEqual(flat.data[0]?.embedding, [0, 3, 0.5])
  })

  it('come as base64 of little-endian floats, and are not cut short', async () => {
    await using api = await startApi()
    api.node.client = { embedding }
    const response = await api.post('/v1/embeddings', { input: 'ab', encoding_format: 'base64' })
    const { data } = Value.Parse(EmbeddingList, await response.json())
    const bytes = Buffer.from(String(data[0]?.embedding), 'base64')
    assert.deepEqual(
      [0, 4, 8].map((at) => bytes.readFloatLE(at)),
      [2, 0, 0.5],
    )
    const short = await api.post('/v1/embeddings', { input: 'ab', dimensions: 2 })
    assert.equal(short.status, 400)
    assert.equal((await errorOf(short)).param, 'dimensions')
  })
})

describe('models', () => {
  it('are listed, filtered and looked up', async () => {
    await using api = await startApi()
    api.node.models = [
      { id: 'chat', config: modelConfig('chat', { modelFile: '/models/weights.gguf' }), created: 1 },
      { id: 'org/demo', config: modelConfig('demo'), created: 2, demonstration: 'Knows a few sentences.' },
    ]
    const list = async (query: string) => {
      const body: unknown = await (await fetch(`${api.url}/v1/models${query}`)).json()
      assert.deepEqual(Value.Errors(ModelList, body), [])
      return Value.Parse(ModelList, body).data
    }
    assert.deepEqual(await list(''), [
      { id: 'chat', object: 'model', created: 1, owned_by: 'local-ai' },
      { id: 'org/demo', object: 'model', created: 2, owned_by: 'local-ai', description: 'Knows a few sentences.' },
    ])
    assert.deepEqual(
      (await list('?filter=%5Ech')).map(({ id }) => id),
      ['chat'],
    )
    const all = await list('?excludeConfigured=false')
    assert.deepEqual(
      all.map(({ id }) => id),
      ['chat', 'org/demo', 'weights.gguf', 'demo.gguf'],
    )
    const one = await fetch(`${api.url}/v1/models/org/demo`)
    assert.equal(one.status, 200)
    assert.equal((await fetch(`${api.url}/v1/models/nope`)).status, 404)
  })

  it('[ERR-MODELS-500-filter] survive a filter that is no expression, and one that would never end', async () => {
    await using api = await startApi()
    api.node.models = [{ id: `${'a'.repeat(60)}!`, config: modelConfig('a'), created: 1 }]
    for (const filter of ['(', '(a+)+$']) {
      const response = await fetch(`${api.url}/v1/models?filter=${encodeURIComponent(filter)}`)
      assert.equal(response.status, 500, filter)
    }
  })
})

describe("LocalAI's own routes", () => {
  it('tokenize and back', async () => {
    await using api = await startApi()
    api.node.client = {
      tokenize: async ({ Prompt = '' }) => ({ length: 0, tokens: [...Buffer.from(Prompt)] }),
      detokenize: async (tokens) => ({ content: Buffer.from(tokens).toString('utf8') }),
    }
    const { tokens } = (await (await api.post('/v1/tokenize', { model: 'tiny', content: 'ab' })).json()) as {
      tokens: []
    }
    assert.deepEqual(tokens, [97, 98])
    assert.deepEqual(await (await api.post('/v1/detokenize', { tokens })).json(), { content: 'ab' })
    assert.equal((await api.post('/v1/tokenize', { model: 'nope', content: 'x' })).status, 400)
    assert.equal((await api.post('/v1/tokenize?model=nope', { content: 'x' })).status, 400)
    assert.equal((await api.post('/v1/detokenize?model=nope', { tokens })).status, 400)
  })

  it('tell of the system, the version and the health', async () => {
    await using api = await startApi()
    const get = (path: string) => fetch(`${api.url}${path}`)
    api.node.loaded = [
      { id: 'tiny', backend: 'llama-cpp', phase: 'ready', inFlight: 1, pid: 42 },
      { id: 'store:0123456789abcdef:private:other', backend: 'other', phase: 'ready', inFlight: 0 },
    ]
    assert.deepEqual(await (await get('/system')).json(), {
      backends: ['llama-cpp'],
      loaded_models: [
        { id: 'tiny', backend: 'llama-cpp', state: 'ready', in_flight: 1, pid: 42 },
        { id: 'store', backend: 'other', state: 'ready', in_flight: 0 },
      ],
      engine: { name: 'llama-server', reason: 'it was faster' },
    })
    assert.deepEqual(await (await get('/version')).json(), { version: 'v0.0.0 (test)' })
    assert.equal(await (await get('/healthz')).text(), '')
    assert.equal((await get('/readyz')).status, 200)
    api.node.starting = 'the model is downloading'
    const starting = await get('/readyz')
    assert.equal(starting.status, 503)
    assert.deepEqual(await starting.json(), { status: 'starting', reason: 'the model is downloading' })
  })

  it('show and stop a running backend', async () => {
    await using api = await startApi()
    api.node.client = {
      status: async () => ({ state: 'READY', memory: { total: 5, breakdown: { weights: 5 } } }),
    }
    const monitor = () => fetch(`${api.url}/backend/monitor?model=tiny`)
    assert.equal((await monitor()).status, 404)
    api.node.loaded = [{ id: 'tiny', backend: 'llama-cpp', phase: 'ready', inFlight: 0 }]
    assert.deepEqual(await (await monitor()).json(), { state: 2, memory: { total: 5, breakdown: { weights: 5 } } })
    const shutdown = () => api.post('/v1/backend/shutdown', { model: 'tiny' })
    assert.deepEqual(await (await shutdown()).json(), { message: 'model stopped' })
    assert.equal((await shutdown()).status, 404)
  })

  it('count every request once, under the pattern of its route', async () => {
    await using api = await startApi()
    await api.post(CHAT, { messages })
    await (await api.post(CHAT, { messages, stream: true })).text()
    await fetch(`${api.url}/v1/models/some/name`)
    await fetch(`${api.url}/made-up`)
    await fetch(`${api.url}/metrics`)
    const text = await (await fetch(`${api.url}/metrics`)).text()
    for (const line of [
      'api_call_count{method="POST",path="/v1/chat/completions"} 2',
      'api_call_count{method="GET",path="/v1/models/*"} 1',
      'api_call_count{method="GET",path="unmatched"} 1',
      'local_ai_requests_total{model="tiny",endpoint="chat",status="200"} 2',
      'local_ai_prompt_tokens_total{model="tiny"} 14',
      'local_ai_completion_tokens_total{model="tiny"} 4',
      'local_ai_time_to_first_token_seconds_count{model="tiny"} 2',
      'local_ai_requests_in_flight{endpoint="chat"} 0',
      'local_ai_requests_waiting{endpoint="chat"} 0',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line}\n${text}`)
    }
    assert.doesNotMatch(text, /path="\/metrics"|made-up|some\/name/)
  })

  it('have no metrics when these are switched off', async () => {
    await using api = await startApi({ metricsEndpoint: false })
    assert.equal((await fetch(`${api.url}/metrics`)).status, 404)
  })
})

describe('listening', () => {
  it('says which port is taken and what to do', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    assert.ok(address !== null && typeof address === 'object')
    await assert.rejects(startApi({ address: `127.0.0.1:${address.port}` }), (error) => {
      assert.ok(error instanceof AppError)
      assert.equal(error.code, 'config.invalid')
      assert.equal(error.message, `port ${address.port} is already in use: choose another with --address`)
      return true
    })
    taken.close()
    await once(taken, 'close')
  })

  it('serves every address without a host, and loopback by name', async () => {
    for (const address of [':0', 'localhost:0', '127.0.0.1:0']) {
      await using api = await startApi({ address })
      assert.equal((await fetch(`${api.url}/version`)).status, 200, address)
    }
  })
})
