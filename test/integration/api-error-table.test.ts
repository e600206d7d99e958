import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AppError } from '../../src/base/errors.ts'
import { type ApiHarness, startApi } from './api-harness.ts'
import { words } from './scripted-backend.ts'

let api: ApiHarness

before(async () => {
  api = await startApi({ apiKeys: ['right', 'other'] })
})

after(() => api[Symbol.asyncDispose]())

const headers = { 'content-type': 'application/json', authorization: 'Bearer right' }
const messages = [{ role: 'user', content: 'hi' }]
const CHAT = '/v1/chat/completions'

async function breakBackend(work: () => Promise<void>): Promise<void> {
  const fails = async (): Promise<never> => {
    throw new AppError('backend.failed', 'it broke at /srv/secret/model.gguf')
  }
  // biome-ignore lint/correctness/useYield: it only fails
  api.node.script = async function* script() {
    return await fails()
  }
  api.node.client = { embedding: fails, tokenize: fails }
  try {
    await work()
  } finally {
    api.node.script = words('Hello', ' world')
    api.node.client = {}
  }
}

/** Name of the row, request, what the message says, the field to blame. */
const refused: readonly [row: string, path: string, body: unknown, says: RegExp, param: string | null][] = [
  ['ERR-CHAT-400-BODY', CHAT, '{"messages":', /not valid JSON/, null],
  ['ERR-CHAT-400-BODY lacks', CHAT, { model: 'tiny' }, /messages is required/, 'messages'],
  ['ERR-CHAT-400-MODEL', CHAT, { model: 'nope', messages }, /"nope" not found/, 'model'],
  ['ERR-COMPLETIONS-400-BODY', '/v1/completions', 'x', /not valid JSON/, null],
  ['ERR-COMPLETIONS-400-BODY lacks', '/v1/completions', { model: 'tiny' }, /prompt is required/, 'prompt'],
  ['ERR-EMBEDDINGS-400-BODY', '/v1/embeddings', '[', /not valid JSON/, null],
  ['ERR-EMBEDDINGS-400-BODY lacks', '/v1/embeddings', { model: 'tiny' }, /input/, 'input'],
  ['ERR-EMBEDDINGS-400-MODEL', '/v1/embeddings', { model: 'nope', input: 'x' }, /"nope" not found/, 'model'],
  ['ERR-TOKENIZE-400-BODY', '/v1/tokenize', '{', /not valid JSON/, null],
  ['ERR-TOKENIZE-400-BODY lacks', '/v1/tokenize', { model: 'tiny' }, /content is required/, 'content'],
  ['ERR-TOKENIZE-400-MODEL', '/v1/tokenize', { model: 'nope', content: 'x' }, /"nope" not found/, 'model'],
]

const broken: readonly [row: string, path: string, body: unknown][] = [
  ['ERR-CHAT-500', CHAT, { messages }],
  ['ERR-COMPLETIONS-500', '/v1/completions', { prompt: 'x' }],
  ['ERR-EMBEDDINGS-500', '/v1/embeddings', { input: 'x' }],
]

describe("LocalAI's table of errors, for text", () => {
  for (const [row, path, body, says, param] of refused) {
    const [id = '', more = ''] = row.split(' ')
    it(`[${id}] ${more} ${path}`, async () => {
      const response = await api.post(path, body, { headers })
      const { error } = (await response.json()) as { readonly error: Record<string, unknown> }
      assert.equal(response.status, 400)
      assert.deepEqual([error['code'], error['type'], error['param']], [400, 'invalid_request_error', param])
      assert.match(String(error['message']), says)
    })
  }

  for (const [id, path, body] of broken) {
    it(`[${id}] ${path} tells that the backend failed, and nothing of this machine`, async () => {
      await breakBackend(async () => {
        const response = await api.post(path, body, { headers })
        const { error } = (await response.json()) as { readonly error: Record<string, unknown> }
        assert.deepEqual([response.status, error['code'], error['type']], [500, 500, 'server_error'])
        assert.match(String(error['message']), /backend failed.*\(request /)
        assert.doesNotMatch(String(error['message']), /secret/)
      })
    })
  }

  it('[ERR-PARSE-400] a body that is no JSON is refused on every kind of route, in the words of each', async () => {
    for (const path of [CHAT, '/v1/messages', '/v1/responses', '/v1/rerank', '/tts', '/stores/set', '/v1/detection']) {
      const response = await api.post(path, '{"model":', { headers })
      assert.equal(response.status, 400, path)
      assert.match(await response.text(), /not valid JSON/, path)
    }
  })

  it('[ERR-ROUTE-404] a path that leads nowhere', async () => {
    const response = await fetch(`${api.url}/v1/nowhere`, { headers })
    assert.equal(response.status, 404)
    const error = { code: 404, message: 'Resource not found', type: '', param: null }
    assert.deepEqual(await response.json(), { error })
  })
})

describe('an error', () => {
  const shapes = [
    ['OPENAI', CHAT, { error: ['code', 'message', 'param', 'type'] }],
    ['ANTHROPIC', '/v1/messages', { error: ['message', 'type'], type: 'error' }],
    ['RESPONSES', '/v1/responses', { error: ['code', 'message', 'param', 'type'] }],
  ] as const
  for (const [name, path, shape] of shapes) {
    it(`[ERR-SHAPE-${name}] has exactly the fields of the reference at ${path}`, async () => {
      const response = await api.post(path, { model: 5 }, { headers })
      const { error, ...rest } = (await response.json()) as { readonly error: object }
      assert.deepEqual({ ...rest, error: Object.keys(error).toSorted() }, shape)
      assert.equal(response.status, 400)
    })
  }
})

it('[AUTH-KEY-WAYS] a key may come as a bearer, in either header of vendors, or as a cookie', async () => {
  const ways = (key: string) => [
    { authorization: `Bearer ${key}` },
    { 'x-api-key': key },
    { 'xi-api-key': key },
    { cookie: `token=${key}` },
  ]
  for (const way of ways('other')) assert.equal((await fetch(`${api.url}/v1/models`, { headers: way })).status, 200)
  for (const way of ways('wrong')) {
    const response = await fetch(`${api.url}/v1/models`, { headers: way })
    assert.deepEqual([response.status, response.headers.get('www-authenticate')], [401, 'Bearer'])
  }
})

it('[SYS-SYSTEM] tells the names of backends, each once, and the ids of loaded models', async () => {
  api.node.loaded = [{ id: 'tiny', backend: 'llama-cpp', phase: 'ready', inFlight: 0 }]
  try {
    const body: unknown = await (await fetch(`${api.url}/system`, { headers })).json()
    const { backends, loaded_models: models } = body as Record<string, readonly Record<string, unknown>[]>
    assert.deepEqual(backends, ['llama-cpp'])
    assert.deepEqual(
      models?.map(({ id }) => id),
      ['tiny'],
    )
  } finally {
    api.node.loaded = []
  }
})

it('[SYS-VERSION] tells the version and the commit', async () => {
  const body: unknown = await (await fetch(`${api.url}/version`, { headers })).json()
  assert.deepEqual(body, { version: 'v0.0.0 (test)' })
})
