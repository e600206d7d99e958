import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { Value } from 'typebox/value'
import { ModelList } from '../../src/api/openai/response-schema.ts'
import { startApi, startEntry } from './api-harness.ts'
import { fakeNetwork, TOKEN } from './fake-network.ts'
import { modelConfig } from './scripted-backend.ts'
import { scriptedRouter } from './scripted-router.ts'

const CHAT = '/v1/chat/completions'
const body = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }

async function json(url: string): Promise<unknown> {
  return await (await fetch(url)).json()
}

/** `fetch` sets the host itself. */
async function getWith(url: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const sent = httpRequest(url, { headers }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const bytes of response) text += String(bytes)
  return { status: response.statusCode ?? 0, text }
}

describe('the models of the network', () => {
  async function list(url: string, query = '') {
    const answer = await json(`${url}/v1/models${query}`)
    assert.deepEqual(Value.Errors(ModelList, answer), [])
    return Value.Parse(ModelList, answer).data
  }

  it("are listed with the node's own, each with the nodes that have it", async () => {
    await using api = await startApi({}, fakeNetwork().deps)
    api.node.models = [
      { id: 'tiny', config: modelConfig('tiny'), created: 1 },
      { id: 'own', config: modelConfig('own'), created: 2 },
    ]
    const far = {
      id: 'far',
      object: 'model',
      created: 5,
      owned_by: 'local-ai',
      description: 'Far away.',
      nodes: ['b', 'c'],
    }
    assert.deepEqual(await list(api.url), [
      { id: 'tiny', object: 'model', created: 1, owned_by: 'local-ai', nodes: ['a', 'b'] },
      { id: 'own', object: 'model', created: 2, owned_by: 'local-ai', nodes: ['a'] },
      far,
      { id: 'org/far', object: 'model', created: 7, owned_by: 'local-ai', nodes: ['c'] },
    ])
    const names = async (query: string) => (await list(api.url, query)).map(({ id }) => id)
    assert.deepEqual(await names('?filter=far'), ['far', 'org/far'])
    assert.deepEqual(await names('?excludeConfigured=false'), [
      'tiny',
      'own',
      'tiny.gguf',
      'own.gguf',
      'far',
      'org/far',
    ])
    assert.deepEqual(await json(`${api.url}/v1/models/far`), far)
    assert.deepEqual((await list(api.url))[0], await json(`${api.url}/v1/models/tiny`))
    assert.equal((await fetch(`${api.url}/v1/models/org/far`)).status, 200)
    assert.equal((await fetch(`${api.url}/v1/models/nope`)).status, 404)
  })

  it('are all there is on an entry; a node that is alone names no nodes', async () => {
    await using entry = await startEntry({ router: scriptedRouter().router, ...fakeNetwork().deps })
    assert.deepEqual(
      (await list(entry.url)).map(({ id, nodes }) => [id, nodes]),
      [
        ['far', ['b', 'c']],
        ['tiny', ['b']],
        ['org/far', ['c']],
      ],
    )
    await using alone = await startApi()
    assert.deepEqual(
      (await list(alone.url)).map(({ nodes }) => nodes),
      [undefined],
    )
  })
})

describe('the network', () => {
  it("is shown under LocalAI's names, and ours", async () => {
    await using api = await startApi({}, fakeNetwork().deps)
    const get = (path: string) => json(`${api.url}${path}`)
    const data = (await get('/api/p2p')) as Record<string, Record<string, unknown>[]>
    assert.deepEqual(Object.keys(data), ['llama_cpp_nodes', 'nodes', 'federated_nodes', 'mlx_nodes'])
    assert.deepEqual(
      data['federated_nodes']?.map(({ Name, ID, IsOnline }) => [Name, ID, IsOnline]),
      [
        ['a', 'id-a', true],
        ['b', 'id-b', true],
        ['c', 'id-c', false],
      ],
    )
    assert.deepEqual(data['federated_nodes']?.[1], {
      Name: 'b',
      ID: 'id-b',
      TunnelAddress: '',
      ServiceID: 'b',
      LastSeen: '2023-11-14T22:13:20.000Z',
      PeerID: 'id-b',
      Version: 'v0.1.0',
      Models: ['far'],
      AvailableVRAM: 400,
      InFlight: 2,
      IsOnline: true,
    })
    const { nodes } = (await get('/api/p2p/federation')) as { nodes: unknown[] }
    assert.deepEqual(nodes[1], {
      name: 'b',
      id: 'id-b',
      tunnelAddress: '',
      serviceID: 'b',
      lastSeen: '2023-11-14T22:13:20.000Z',
      isOnline: true,
      peerID: 'id-b',
      version: 'v0.1.0',
      models: [{ name: 'far', loaded: true, capabilities: ['chat'] }],
      backends: ['llama-cpp'],
      device: 'cpu',
      slots: 4,
      running: 2,
      queued: 1,
      memory: { total: 1000, free: 400 },
      draining: false,
      roundTripMs: 0.5,
      path: 'direct',
      state: 'linked',
      addresses: ['/ip4/127.0.0.1/tcp/4001'],
    })
    assert.deepEqual(await get('/api/p2p/workers'), { llama_cpp: { nodes: [] }, mlx: { nodes: [] }, nodes: [] })
    const none = { online: 0, total: 0 }
    assert.deepEqual(await get('/api/p2p/stats'), {
      llama_cpp_workers: none,
      workers: none,
      federated: { online: 2, total: 3 },
      mlx_workers: none,
    })
    const status = (await get('/api/p2p/status')) as { enabled: boolean; findings: unknown[]; members: unknown[] }
    assert.deepEqual([status.enabled, status.findings.length, status.members.length], [true, 1, 4])
    const metrics = await (await fetch(`${api.url}/metrics`)).text()
    assert.match(metrics, /^local_ai_network_peers 2$/m)
    assert.match(metrics, /^local_ai_network_bytes_total\{direction="received"\} 20$/m)
  })

  it('says who may be in it, and lets nobody but the owner change that', async () => {
    await using api = await startApi({}, fakeNetwork().deps)
    const url = `${api.url}/api/p2p/members`
    const { owner, open, number, issued_at, nodes } = (await json(url)) as Record<string, unknown>
    assert.deepEqual([owner, open, number, issued_at], [false, true, 0, null])
    assert.deepEqual(
      (nodes as { name: string; standing: string; online: boolean }[]).map(({ name, standing, online }) => [
        name,
        standing,
        online,
      ]),
      [
        ['a', 'token', true],
        ['b', 'token', true],
        ['c', 'token', false],
        ['door', 'token', true],
      ],
    )
    const post = async (change: unknown): Promise<readonly [number, string]> => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(change) })
      return [response.status, await response.text()]
    }
    assert.equal((await post({ revoke: ['b'] }))[0], 403)
    for (const wrong of [{}, [], { revoke: [] }, { revoke: 'b' }, { admit: [''] }, { open: 'yes' }]) {
      assert.equal((await post(wrong))[0], 400, JSON.stringify(wrong))
    }
    const [status, text] = await post({ revoke: ['nobody'] })
    assert.equal(status, 404)
    assert.match(text, /there is no node/)
    await using alone = await startApi()
    assert.equal((await fetch(`${alone.url}/api/p2p/members`)).status, 404)
  })

  it('is empty when the node is in none', async () => {
    await using api = await startApi()
    const get = (path: string) => json(`${api.url}${path}`)
    assert.deepEqual(await get('/api/p2p'), { llama_cpp_nodes: [], nodes: [], federated_nodes: [], mlx_nodes: [] })
    assert.deepEqual(await get('/api/p2p/federation'), { nodes: [] })
    assert.deepEqual(((await get('/api/p2p/stats')) as { federated: unknown }).federated, { online: 0, total: 0 })
    assert.deepEqual(await get('/api/p2p/status'), { enabled: false })
    const token = await fetch(`${api.url}/api/p2p/token`)
    assert.deepEqual([token.status, await token.text()], [200, ''])
    assert.match(token.headers.get('content-type') ?? '', /^text\/plain/)
  })
})

describe('the token', () => {
  const rows: readonly [name: string, keys: readonly string[], headers: Record<string, string>, status: number][] = [
    ['a program here', [], {}, 200],
    ['a program here that says localhost', [], { host: 'localhost:1' }, 200],
    ['a page whose name was made to point here', [], { host: 'evil.example:8080' }, 403],
    ['a page whose name looks local', [], { host: '127.0.0.1.evil.example' }, 403],
    ["another site's page", [], { origin: 'https://evil.example' }, 403],
    ['somebody behind a proxy', [], { 'x-forwarded-for': '192.168.0.7' }, 403],
    ['somebody with a key where there are none', [], { host: 'evil.example', authorization: 'Bearer x' }, 403],
    ['a program here without the key', ['k1'], {}, 401],
    ['somebody with the key, under any name', ['k1'], { host: 'node.example', authorization: 'Bearer k1' }, 200],
    ['somebody with another key', ['k1'], { authorization: 'Bearer k2' }, 401],
  ]
  for (const [name, apiKeys, headers, status] of rows) {
    it(`${status === 200 ? 'is told to' : 'is kept from'} ${name}`, async () => {
      await using api = await startApi({ apiKeys }, fakeNetwork().deps)
      const token = await getWith(`${api.url}/api/p2p/token`, headers)
      assert.equal(token.status, status)
      if (status === 200) assert.equal(token.text, TOKEN)
      else {
        assert.doesNotMatch(token.text, new RegExp(TOKEN))
        const { error } = JSON.parse(token.text) as { error: { code: number; message: string; type: string } }
        assert.equal(error.code, status)
        assert.equal(error.type, status === 403 ? 'authorization_error' : 'invalid_request_error')
        if (status === 403) assert.match(error.message, /--api-keys/)
      }
      const shown = await getWith(`${api.url}/api/p2p/status`, headers)
      assert.equal(shown.status, status)
      assert.doesNotMatch(shown.text, new RegExp(TOKEN))
    })
  }
})

describe('API keys', () => {
  const apiKeys = ['first', 'second']
  const wrong: readonly Record<string, string>[] = [
    {},
    { authorization: 'Bearer' },
    { authorization: 'Bearer third' },
    { authorization: 'Bearer firs' },
    { authorization: 'Bearer third', 'x-api-key': 'first' },
    { 'x-api-key': '' },
    { cookie: 'session=first' },
  ]
  const right: readonly Record<string, string>[] = [
    { authorization: 'Bearer first' },
    { authorization: 'second' },
    { 'x-api-key': 'second' },
    { 'xi-api-key': 'first' },
    { cookie: 'a=b; token=second' },
  ]

  it('are asked for everywhere but at the probes', async () => {
    await using api = await startApi({ apiKeys, nodeHeader: 'a' })
    const paths = [
      '/v1/models',
      '/metrics',
      '/version',
      '/system',
      '/api/p2p',
      '/api/p2p/token',
      '/made-up',
      '/healthz/x',
    ]
    for (const path of paths) {
      const response = await fetch(`${api.url}${path}`)
      assert.equal(response.status, 401, path)
      assert.equal(response.headers.get('www-authenticate'), 'Bearer')
      assert.match(response.headers.get('x-correlation-id') ?? '', /./)
      assert.deepEqual(await response.json(), {
        error: { code: 401, message: 'An authentication key is required', type: 'invalid_request_error', param: null },
      })
    }
    for (const path of ['/healthz', '/readyz', '/readyz/']) {
      assert.equal((await fetch(`${api.url}${path}`)).status, 200, path)
    }
    assert.equal((await fetch(`${api.url}${CHAT}`, { method: 'OPTIONS' })).status, 204)
  })

  it('may be sent in any of the ways that LocalAI knows, the first counts', async () => {
    await using api = await startApi({ apiKeys })
    const json = { 'content-type': 'application/json' }
    for (const headers of wrong) {
      assert.equal(
        (await api.post(CHAT, body, { headers: { ...json, ...headers } })).status,
        401,
        JSON.stringify(headers),
      )
    }
    assert.equal(api.node.asked.length, 0)
    for (const headers of right) {
      assert.equal(
        (await api.post(CHAT, body, { headers: { ...json, ...headers } })).status,
        200,
        JSON.stringify(headers),
      )
    }
  })

  it('are asked for before a body is read, and before anybody is asked', async () => {
    const scripted = scriptedRouter()
    await using api = await startApi({ apiKeys, uploadLimitBytes: 10 }, { router: scripted.router })
    assert.equal((await api.post(CHAT, '{')).status, 401)
    assert.equal((await api.post(CHAT, body)).status, 401)
    assert.equal(scripted.asked.length, 0)
  })
})
