import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeTarGz, type TarMember } from '../support/archives.ts'
import { digestOf, LAYER } from '../support/image-registry.ts'
import { tinyChat } from '../support/tiny-models.ts'
import { memoryLog } from '../unit/models/memory-log.ts'
import { type ManagedNode, startManaged } from './managed-node.ts'

const RUN: TarMember = { path: 'run.sh', body: Buffer.from('#!/bin/sh\necho "$@"\n'), mode: 0o644 }
const ARCHIVE = makeTarGz([RUN, { path: 'lib/x.so', body: Buffer.from('x') }])
const EVIL = makeTarGz([RUN, { path: '../escaped', body: Buffer.from('x') }])

const BACKENDS = `
- &speech
  name: speech
  alias: whisper
  description: Speech to text
  license: mit
  tags: [audio]
  capabilities: { default: cpu-speech, nvidia: cpu-speech, metal: cpu-speech, vulkan: cpu-speech }
- !!merge <<: *speech
  name: cpu-speech
  uri: "HUB/gone.tar.gz"
  mirrors: ["HUB/cpu-speech.tar.gz?token=hidden"]
- { name: evil, uri: "HUB/evil.tar.gz" }
- { name: container, uri: "REGISTRY/o/b:latest-cpu-thing", mirrors: ["oci://REGISTRY/mirror/b:v1"] }
- { name: picture, uri: "HUB/cpu-speech.tar.gz" }
`
const MODELS = `
- name: drawing
  overrides: { backend: picture, parameters: { model: drawing.gguf } }
  files: [{ filename: drawing.gguf, uri: "HUB/tiny.gguf" }]
- name: listening
  overrides: { backend: whisper, parameters: { model: drawing.gguf } }
- name: lonely
  overrides: { backend: no-such-backend, parameters: { model: lonely.gguf } }
  files: [{ filename: lonely.gguf, uri: "HUB/tiny.gguf" }]
`

async function node(flags: Readonly<Record<string, readonly string[]>> = {}): Promise<ManagedNode> {
  const at = await startManaged({ gallery: MODELS, backendGallery: BACKENDS, flags })
  at.served.set('/cpu-speech.tar.gz', ARCHIVE)
  at.served.set('/evil.tar.gz', EVIL)
  at.served.set('/tiny.gguf', await readFile(tinyChat()))
  return at
}

const folders = async (at: ManagedNode): Promise<string[]> => (await readdir(at.backends).catch(() => [])).toSorted()

async function apply(at: ManagedNode, id: string): Promise<Record<string, unknown>> {
  const { status, body } = await at.post('/backends/apply', { id })
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body['status_url'], `${at.api.url}/backends/jobs/${String(body['id'])}`)
  return await at.ended(String(body['status_url']))
}

describe('backends over HTTP', () => {
  it('[API-backends-apply] are installed from a gallery: the variant for this machine, from a mirror', async () => {
    await using at = await node()
    const done = await apply(at, 'own@speech')
    assert.deepEqual([done['error'], done['message'], done['gallery_element_name']], [null, 'completed', 'own@speech'])
    assert.deepEqual(await folders(at), ['cpu-speech', 'speech'])
    const metadata = JSON.parse(await readFile(join(at.backends, 'speech', 'metadata.json'), 'utf8')) as object
    assert.equal((metadata as { meta_backend_for: string }).meta_backend_for, 'cpu-speech')
    const installed = (await at.get('/backends')).body as Record<string, unknown>[]
    const shown = installed.map(({ Name, RunFile, IsMeta, IsSystem }) => [Name, RunFile, IsMeta, IsSystem])
    assert.deepEqual(shown, [
      ['llama-cpp', '', false, true],
      ['speech', 'cpu-speech/run.sh', true, false],
      ['cpu-speech', 'cpu-speech/run.sh', false, false],
    ])
    assert.ok(!JSON.stringify([installed, done, await at.get('/v1/backends/jobs')]).includes('hidden'))
  })

  it('[API-backends-delete] are removed, one that stands for another together with it', async () => {
    await using at = await node()
    await apply(at, 'speech')
    const { status, body } = await at.post('/backends/delete/speech')
    assert.equal(status, 200)
    assert.deepEqual((await at.ended(String(body['status_url'])))['deletion'], true)
    assert.deepEqual(await folders(at), [])
    assert.equal((await at.post('/backends/delete/speech')).status, 404)
    assert.equal((await at.post('/backends/delete/..%2Fx')).status, 404)
    assert.equal((await at.post('/backends/delete/llama-cpp')).status, 400)
  })

  it('[API-backends-available] are listed with what is shipped and what galleries have', async () => {
    await using at = await node()
    const { body } = await at.get('/v1/backends/available')
    const rows = (body as Record<string, unknown>[]).map(({ name, installed, alias }) => [name, installed, alias])
    for (const row of [
      ['llama-cpp', true, ''],
      ['speech', false, 'whisper'],
      ['picture', false, ''],
    ]) {
      assert.ok(
        rows.some((other) => JSON.stringify(other) === JSON.stringify(row)),
        JSON.stringify(rows),
      )
    }
    assert.ok(!JSON.stringify(body).includes('hidden'))
    assert.deepEqual((await at.get('/backends/galleries')).body, [{ url: 'file://backendGalleries.yaml', name: 'own' }])
  })

  it('come out of container images, looked for in the order of LocalAI', async () => {
    await using at = await node()
    const layer = makeTarGz([RUN])
    const manifest = { layers: [{ mediaType: LAYER, digest: digestOf(layer), size: layer.length }] }
    at.served.set('/v2/o/b/manifests/master-cpu-development', Buffer.from(JSON.stringify(manifest)))
    at.served.set(`/v2/o/b/blobs/${digestOf(layer)}`, layer)
    assert.equal((await apply(at, 'container'))['error'], null)
    assert.deepEqual(await folders(at), ['container'])
    assert.deepEqual(
      at.server.requests.map(({ path }) => path),
      [
        '/v2/o/b/manifests/latest-cpu-thing',
        '/v2/mirror/b/manifests/v1',
        '/v2/o/b/manifests/master-cpu-thing',
        '/v2/o/b/manifests/master-cpu-development',
        `/v2/o/b/blobs/${digestOf(layer)}`,
      ],
    )
    const metadata = JSON.parse(await readFile(join(at.backends, 'container', 'metadata.json'), 'utf8')) as object
    assert.match((metadata as { uri: string }).uri, /^oci:\/\/.*:master-cpu-development$/)
  })

  it('are not installed when they are unsafe, unknown, or not there', async () => {
    await using at = await node()
    const cases: readonly (readonly [string, RegExp])[] = [
      ['evil', /leads out of its folder/],
      [
        'container',
        /there is no image .*:latest-cpu-thing \(status 404\).*mirror\/b:v1.*master-cpu-thing.*development/,
      ],
      ['nobody', /no backend found with name "nobody"/],
      ['constructor', /no backend found/],
    ]
    for (const [id, error] of cases) assert.match(String((await apply(at, id))['error']), error)
    assert.deepEqual(await folders(at), [])
  })

  it('[AUTH-backend-uris] come from galleries only, unless the node was told otherwise', async () => {
    await using at = await node()
    const uri = `${at.server.origin}/cpu-speech.tar.gz`
    for (const [path, body] of [
      ['/backends/apply', { id: uri }],
      ['/backends/apply', { id: '/tmp/folder' }],
      ['/backends/apply', { id: 'registry.example/x/y:latest' }],
      ['/api/backends/install-external', { uri, name: 'mine' }],
    ] as const) {
      assert.equal((await at.post(path, body)).status, 403, JSON.stringify(body))
    }
    assert.deepEqual(await folders(at), [])
    assert.equal(at.server.requests.length, 0)
  })

  it('[API-backends-install-external] come from an address where that is allowed, but never from this machine', async () => {
    await using at = await node({ allowBackendUris: ['true'] })
    const uri = `${at.server.origin}/cpu-speech.tar.gz`
    const { body } = await at.post('/api/backends/install-external', { uri, name: 'mine', alias: 'whisper' })
    assert.equal((await at.ended(`/api/backends/job/${String(body['jobID'])}`))['error'], undefined)
    assert.deepEqual(await folders(at), ['mine'])
    assert.match(String((await apply(at, at.models))['error']), /may not be named by a path/)
    assert.equal((await at.post('/api/backends/install-external', { uri, name: '../x' })).status, 400)
  })

  it('[API-api-backends] are searched, installed and removed from the web interface', async () => {
    await using at = await node()
    const { body } = await at.get('/api/backends?term=speech&sort=name')
    const page = body as { backends: Record<string, unknown>[]; systemCapability: string; installedBackends: number }
    assert.deepEqual(
      page.backends.map(({ id, isMeta }) => [id, isMeta]),
      [
        ['own@cpu-speech', false],
        ['own@speech', true],
      ],
    )
    assert.ok(page.systemCapability !== '' && page.installedBackends === 1)
    const installed = await at.post('/api/backends/install/own@speech')
    assert.equal((await at.ended(`/api/backends/job/${String(installed.body['jobID'])}`))['completed'], true)
    const removed = await at.post('/api/backends/delete/own@speech')
    assert.equal((await at.ended(`/api/backends/job/${String(removed.body['jobID'])}`))['completed'], true)
    assert.deepEqual(await folders(at), [])
  })
})

describe('a model and its backend', () => {
  it('[CLI-autoload-backend-galleries] are installed together when a gallery has it', async () => {
    await using at = await node()
    const { body } = await at.post('/models/apply', { id: 'drawing' })
    assert.equal((await at.ended(String(body['status'])))['error'], null)
    assert.deepEqual(await folders(at), ['picture'])
    const other = await at.post('/models/apply', { id: 'listening' })
    assert.equal((await at.ended(String(other.body['status'])))['error'], null)
    assert.deepEqual(await folders(at), ['cpu-speech', 'picture', 'speech'])
  })

  it('do without when nobody has it, or when that is switched off', async () => {
    await using at = await node()
    const { body } = await at.post('/models/apply', { id: 'lonely' })
    assert.equal((await at.ended(String(body['status'])))['error'], null)
    assert.deepEqual(await folders(at), [])
    await using off = await node({ autoloadBackendGalleries: ['false'] })
    const job = await off.post('/models/apply', { id: 'drawing' })
    assert.equal((await off.ended(String(job.body['status'])))['error'], null)
    assert.deepEqual(await folders(off), [])
  })

  it('[CLI-external-backends] are there when the node serves; one that cannot be had holds up nothing', async () => {
    await using at = await node({ externalBackends: ['nobody', 'llama-cpp'] })
    assert.equal((await at.get('/backends')).status, 200)
  })

  it('that the command line asks for tell the log nothing of a signed address but the place', async () => {
    const memory = memoryLog()
    memory.log.level = 'debug'
    const flags = { externalBackends: ['https://user:hidden@127.0.0.1:1/mine.tar.gz?signature=hidden'] }
    await using _at = await startManaged({ flags, log: memory.log })
    const said = JSON.stringify(memory.lines)
    assert.match(said, /an external backend cannot be installed/)
    assert.match(said, /127\.0\.0\.1:1\/mine\.tar\.gz/)
    assert.doesNotMatch(said, /hidden/)
  })
})

describe('the process of a model', () => {
  it('[API-backend-monitor] is asked for by query, or by a body as LocalAI’s clients do', async () => {
    await using at = await node()
    const { request } = await import('node:http')
    const withBody = (text: string): Promise<{ status: number; body: string }> =>
      new Promise((resolve, reject) => {
        const sent = request(`${at.api.url}/backend/monitor`, {
          method: 'GET',
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        })
        sent.on('response', async (response) => {
          const chunks = await response.toArray()
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
        })
        sent.on('error', reject).end(text)
      })
    assert.match((await withBody('{"model":"m"}')).body, /model \\"m\\" is not loaded/)
    assert.equal((await withBody('{"model":')).status, 400)
    assert.equal((await withBody('{}')).status, 400)
    assert.equal((await at.get('/v1/backend/monitor?model=m')).status, 404)
    assert.equal((await at.get('/backend/monitor')).status, 400)
  })

  it('[API-backend-load] is started and ended on request', async () => {
    await using at = await node()
    const { body } = await at.post('/models/apply', { id: 'lonely' })
    await at.ended(String(body['status']))
    assert.deepEqual(await at.post('/backend/load', { model: 'lonely' }), {
      status: 200,
      body: { message: 'model loaded' },
    })
    assert.equal(at.api.node.leases, 0)
    assert.equal((await at.post('/v1/backend/load', { model: 'nobody' })).status, 404)
    at.api.node.loaded = [{ id: 'lonely', backend: 'x', phase: 'ready', inFlight: 0 }]
    assert.deepEqual((await at.post('/backend/shutdown', { model: 'lonely' })).body, { message: 'model stopped' })
    assert.equal((await at.post('/backend/shutdown', { model: 'lonely' })).status, 404)
  })
})
