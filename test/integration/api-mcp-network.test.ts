import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { duplexPair } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { createRequestRouter, ROUTER_DEFAULTS } from '../../src/federation/create-router.ts'
import { NOT_STARTED_HEADER } from '../../src/federation/routed-request.ts'
import { createMcp } from '../../src/mcp/create-mcp.ts'
import { MCP_LIMITS } from '../../src/mcp/tool-server.ts'
import type { ModelConfig } from '../../src/models/model-config.ts'
import { type HttpToolServer, startHttpToolServer } from '../support/mcp/http-server.ts'
import type { OpenApiDocument } from '../support/openapi-check.ts'
import { sorting } from '../unit/federation/make-candidate.ts'
import { startApi, startEntry, startPeerApp } from './api-harness.ts'
import { fakeNetwork, peerOf } from './fake-network.ts'
import { modelConfig } from './scripted-backend.ts'

const KEYS = { apiKeys: ['ann'], nodeHeader: 'here' }
const ANN = { headers: { authorization: 'Bearer ann' } }
/** What `far` tells the others of. The last one it has lost since. */
const TOLD = ['tiny', 'far', 'org/far', 'bare', 'broken', 'lost']

/** A node that has `tiny`, a member that has that and more, and an entry. All servers of tools are the same one. */
async function startNetwork(tools: HttpToolServer) {
  const mcp = createMcp({ log: { warn() {}, debug() {} }, fetch }, { ...MCP_LIMITS, connectTimeoutMs: 2000 })
  const far = await startPeerApp({ media: { mcp } })
  const configOf = (name: string, config: Partial<ModelConfig>) => ({
    id: name,
    config: modelConfig(name, config),
    created: 1,
  })
  const using = (server: string): Partial<ModelConfig> => ({
    mcp: { remote: JSON.stringify({ mcpServers: { [server]: { url: tools.url, token: 't0ken' } } }) },
  })
  far.node.models = [
    ...['tiny', 'far', 'org/far'].map((name) => configOf(name, using('of-far'))),
    configOf('bare', {}),
    configOf('broken', { mcp: { stdio: '[' } }),
  ]
  const peers = [
    peerOf('far', { offer: { models: TOLD.map((name) => ({ name, loaded: true, capabilities: ['chat'] })) } }),
  ]

  async function routerOf(name: string, own: readonly string[]) {
    const router = createRequestRouter(
      {
        network: {
          peerId: `id-${name}`,
          name,
          peers: () => peers,
          onChange: () => () => {},
          async openSocket() {
            const [theirs, ours] = duplexPair()
            far.app.accept(theirs)
            return ours
          },
        },
        local: { serves: (model) => own.includes(model ?? ''), loaded: () => true, slots: 4, models: () => own },
        // Wherever there is a choice, it is the other one.
        policy: sorting((one) => (one.name === 'far' ? -1 : 1)),
        now: () => performance.now(),
        random: () => 0,
        events: [],
      },
      { ...ROUTER_DEFAULTS, group: '' },
    )
    await router.start()
    return router
  }

  const routers = [await routerOf('near', ['tiny']), await routerOf('entry', [])] as const
  const near = await startApi({ ...KEYS, media: { mcp } }, { ...fakeNetwork().deps, router: routers[0] })
  near.node.models = [configOf('tiny', using('of-near'))]
  const entry = await startEntry({ ...fakeNetwork().deps, router: routers[1] }, KEYS)
  return {
    near,
    entry,
    async [Symbol.asyncDispose]() {
      await Promise.all([near.server.stop(), entry.server.stop(), far.app.stop()])
      await Promise.all(routers.map((router) => router.stop()))
      await mcp.stop()
    },
  }
}

describe('[API-MCP-SERVERS-ELSEWHERE] GET /v1/mcp/servers/:model', () => {
  let tools: HttpToolServer
  let network: Awaited<ReturnType<typeof startNetwork>>

  before(async () => {
    tools = await startHttpToolServer()
    network = await startNetwork(tools)
  })
  after(async () => {
    await network[Symbol.asyncDispose]()
    await tools[Symbol.asyncDispose]()
  })

  async function ask({ url }: { readonly url: string }, model: string, init: RequestInit = ANN) {
    const response = await fetch(`${url}/v1/mcp/servers/${model}`, init)
    return {
      status: response.status,
      node: response.headers.get('x-localai-node'),
      body: (await response.json()) as { error?: string; servers?: { name: string; tools: string[] }[] },
    }
  }

  it('is answered by the node that has the model, whoever is asked', async () => {
    for (const face of [network.near, network.entry]) {
      for (const model of ['far', 'org/far', 'org%2Ffar']) {
        const { status, node, body } = await ask(face, model)
        assert.deepEqual([status, node], [200, 'far'])
        assert.deepEqual(
          body.servers?.map(({ name }) => name),
          ['of-far'],
        )
        assert.ok(body.servers?.[0]?.tools.includes('weather'))
        assert.doesNotMatch(JSON.stringify(body), /t0ken|127\.0\.0\.1/)
      }
      assert.deepEqual((await ask(face, 'bare')).body.servers, [])
    }
    assert.match(await network.entry.metrics(), /local_ai_forwarded_requests_total\{node="far",outcome="answered"\} 4/)
  })

  it('is answered by the node that is asked, when it has the model as well', async () => {
    const { node, body } = await ask(network.near, 'tiny')
    assert.equal(node, 'here')
    assert.deepEqual(
      body.servers?.map(({ name }) => name),
      ['of-near'],
    )
    assert.equal((await ask(network.entry, 'tiny')).node, 'far')
  })

  it('fails as it does on that node, and with 404 when nobody has the model', async () => {
    for (const face of [network.near, network.entry]) {
      const broken = await ask(face, 'broken')
      assert.deepEqual([broken.status, broken.node], [422, 'far'])
      assert.match(broken.body.error ?? '', /mcp\.stdio/)
      assert.deepEqual(await ask(face, 'lost'), { status: 404, node: 'far', body: { error: 'model "lost" not found' } })
      const unknown = await ask(face, 'nope')
      assert.deepEqual([unknown.status, unknown.node], [404, 'here'])
      assert.match(unknown.body.error ?? '', /^no node of the network has model "nope"; there are: .*far/)
      assert.equal((await ask(face, '')).status, 404)
    }
  })

  it('is no error of the framework where the node that has the model uses no servers', async () => {
    await using bare = await startPeerApp()
    const [theirs, ours] = duplexPair()
    bare.app.accept(theirs)
    const sent = httpRequest({ createConnection: () => ours, path: '/v1/mcp/servers/tiny' }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    assert.deepEqual([response.statusCode, response.headers[NOT_STARTED_HEADER]], [404, '1'])
    assert.deepEqual(JSON.parse(String(Buffer.concat(await response.toArray()))), {
      error: 'the node that has the model uses no MCP servers',
    })
    ours.destroy()
  })

  it('is not asked of others for a name that no model can have', async () => {
    const long = 'x'.repeat(600)
    assert.deepEqual([(await ask(network.near, long)).status, (await ask(network.entry, long)).status], [400, 404])
  })

  it('needs a key where there are keys, as inference does', async () => {
    for (const face of [network.near, network.entry]) {
      for (const model of ['far', 'nope']) {
        const response = await fetch(`${face.url}/v1/mcp/servers/${model}`)
        assert.deepEqual([response.status, response.headers.get('x-localai-node')], [401, 'here'])
        await response.arrayBuffer()
      }
    }
  })

  it('is in the OpenAPI documents of both', async () => {
    for (const face of [network.near, network.entry]) {
      const document = (await (await fetch(`${face.url}/openapi.json`, ANN)).json()) as OpenApiDocument
      const route = document.paths['/v1/mcp/servers/{*}']?.['get']
      assert.ok(route?.responses['200'])
      const [errors] = Object.values(route.responses['4XX']?.content ?? {})
      assert.deepEqual((errors?.schema as { properties?: object } | undefined)?.properties, {
        error: { type: 'string' },
      })
    }
  })
})
