import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { poll } from '../support/poll.ts'
import { tinyChat } from '../support/tiny-models.ts'
import { jobsFile, type ManagedNode, sha256, startManaged } from './managed-node.ts'

const CHAT = await readFile(tinyChat())

const GALLERY = `
- name: tiny
  description: small
  license: mit
  tags: [chat, small]
  url: "HUB/base.yaml"
  overrides: { parameters: { model: tiny.gguf } }
  files: [{ filename: tiny.gguf, sha256: ${sha256(CHAT)}, uri: "HUB/tiny.gguf?token=hidden" }]
- name: org/second
  overrides: { context_size: 99, parameters: { model: second.gguf } }
  files: [{ filename: second.gguf, uri: "hf://o/r/second.gguf" }]
`
/** A base configuration in the original's form. */
const BASE = `
name: base
config_file: |
  context_size: 256
  backend: llama-cpp
  stopwords: ["</s>"]
`

async function node(init: Parameters<typeof startManaged>[0] = {}): Promise<ManagedNode> {
  const managed = await startManaged({ gallery: GALLERY, ...init })
  managed.served.set('/base.yaml', Buffer.from(BASE))
  managed.served.set('/tiny.gguf', CHAT)
  managed.served.set('/o/r/resolve/main/second.gguf', CHAT)
  return managed
}

const yamlOf = async (at: ManagedNode, name: string): Promise<Record<string, unknown>> =>
  parse(await readFile(join(at.models, `${name}.yaml`), 'utf8')) as Record<string, unknown>

describe('POST /models/apply', () => {
  it('[API-models-apply] installs a model of a gallery, tells how far it is, and serves it', async () => {
    await using at = await node()
    const { status, body } = await at.post('/models/apply', { id: 'own@tiny', name: 'mine', overrides: { f16: true } })
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body).toSorted(), ['status', 'uuid'])
    assert.equal(body['status'], `${at.api.url}/models/jobs/${String(body['uuid'])}`)
    const done = await at.ended(String(body['status']))
    assert.deepEqual(
      [done['error'], done['message'], done['progress'], done['deletion'], done['gallery_element_name']],
      [null, 'completed', 100, false, 'own@tiny'],
    )
    assert.deepEqual(await yamlOf(at, 'mine'), {
      context_size: 256,
      backend: 'llama-cpp',
      stopwords: ['</s>'],
      parameters: { model: 'tiny.gguf' },
      f16: true,
      name: 'mine',
    })
    const listed = (await at.get('/v1/models')).body as { data: { id: string }[] }
    assert.deepEqual(
      listed.data.map(({ id }) => id),
      ['mine'],
    )
    const jobs = (await at.get('/v1/models/jobs')).body as Record<string, unknown>
    assert.deepEqual(Object.keys(jobs), [body['uuid']])
  })

  it('takes a configuration from an address, or the configuration itself, with files', async () => {
    await using at = await node()
    const url = `${at.server.origin}/base.yaml`
    const files = [{ filename: 'more.gguf', uri: `${at.server.origin}/tiny.gguf`, sha256: sha256(CHAT) }]
    const byUrl = await at.post('/models/apply', {
      url,
      name: 'from-url',
      files,
      overrides: { parameters: { model: 'more.gguf' } },
    })
    const given = { name: 'given', context_size: 5, parameters: { model: `${at.server.origin}/tiny.gguf` } }
    const byConfig = await at.post('/v1/models/apply', { config_file: given })
    for (const { body } of [byUrl, byConfig]) assert.equal((await at.ended(String(body['status'])))['error'], null)
    assert.equal((await yamlOf(at, 'from-url'))['context_size'], 256)
    assert.deepEqual(await yamlOf(at, 'given'), { name: 'given', context_size: 5, parameters: { model: 'tiny.gguf' } })
    assert.ok((await at.files()).includes('more.gguf'))
  })

  it('changes the YAML of a model that is there when it is asked to, and only then', async () => {
    await using at = await node()
    const apply = async (body: object): Promise<void> => {
      const job = await at.post('/models/apply', { id: 'tiny', ...body })
      assert.equal((await at.ended(String(job.body['status'])))['error'], null)
    }
    await apply({})
    await writeFile(join(at.models, 'tiny.yaml'), 'name: tiny\nparameters: {model: tiny.gguf}\n# edited\n')
    await apply({})
    assert.match(await readFile(join(at.models, 'tiny.yaml'), 'utf8'), /# edited/)
    await apply({ overrides: { context_size: 77 } })
    assert.equal((await yamlOf(at, 'tiny'))['context_size'], 77)
  })

  it('keeps secrets of addresses to itself', async () => {
    await using at = await node()
    const { body } = await at.post('/models/apply', { url: `${at.server.origin}/gone.gguf?token=hidden` })
    const done = await at.ended(String(body['status']))
    assert.match(String(done['error']), /404/)
    const available = await at.get('/models/available')
    const told = JSON.stringify([done, available.body, await at.get('/api/operations'), await jobsFile(at)])
    assert.ok(!told.includes('hidden'), told)
    assert.ok(!told.includes(at.models.replace(/models$/, '')), 'folders of this machine are not told')
  })

  const refused: readonly (readonly [what: string, body: object, error: RegExp])[] = [
    ['a file of this machine', { url: 'file:///etc/hostname.yaml' }, /cannot be installed over the network/],
    ['a path', { id: '/etc/hostname.yaml' }, /cannot be installed over the network/],
    ['a package', { url: 'pypi://x@1.0/x.gguf' }, /not over the network/],
    [
      'a file of this machine among the files',
      { id: 'tiny', files: [{ filename: 'x', uri: 'file:///etc/hostname' }] },
      /network/,
    ],
    [
      'a file that leaves the folder',
      { id: 'tiny', files: [{ filename: '../x', uri: 'https://x.example/x' }] },
      /invalid file path/,
    ],
    ['a model that leaves the folder', { id: 'tiny', overrides: { parameters: { model: '../x' } } }, /network/],
    ['a package as the model', { id: 'tiny', overrides: { parameters: { model: 'npm://x@1.0.0/x.gguf' } } }, /network/],
    ['programs to start', { id: 'tiny', overrides: { mcp: { stdio: '{}' } } }, /mcp\.stdio/],
    ['a name that leaves the folder', { id: 'tiny', name: '../x' }, /invalid model name/],
    ['a model that no gallery has', { id: 'nobody' }, /no gallery has a model "nobody"/],
  ]
  describe('installs nothing when it is asked for', () => {
    let at: ManagedNode
    before(async () => {
      at = await node()
    })
    after(() => at[Symbol.asyncDispose]())
    for (const [what, body, error] of refused) {
      it(what, async () => {
        const job = await at.post('/models/apply', body)
        assert.equal(job.status, 200)
        const done = await at.ended(String(job.body['status']))
        assert.match(String(done['error']), error)
        assert.deepEqual(await at.files(), [])
      })
    }
  })

  it('[ERR-MODELS-APPLY-400-empty] refuses what names nothing, and what is malformed', async () => {
    await using at = await node()
    for (const body of [{}, { id: '' }, { id: 5 }, { files: 'x', id: 'tiny' }, { config_file: { a: 1 } }]) {
      const { status, body: answer } = await at.post('/models/apply', body)
      assert.equal(status, 400, JSON.stringify(body))
      assert.equal((answer['error'] as Record<string, unknown>)['code'], 400)
    }
  })

  it('does not fetch what the hub has found to be unsafe, unless told to', async () => {
    await using at = await node()
    at.served.set('/api/models/o/r/scan', Buffer.from('{"hasUnsafeFile":true}'))
    const job = await at.post('/models/apply', { id: 'org/second' })
    assert.match(String((await at.ended(String(job.body['status'])))['error']), /unsafe files found in o\/r/)
    assert.ok(at.server.requests.every(({ path }) => !path.includes('/resolve/')))
    await using careless = await node({ flags: { disablePredownloadScan: ['true'] } })
    careless.served.set('/api/models/o/r/scan', Buffer.from('{"hasUnsafeFile":true}'))
    const again = await careless.post('/models/apply', { id: 'org/second' })
    assert.equal((await careless.ended(String(again.body['status'])))['error'], null)
    assert.equal((await yamlOf(careless, 'org__second'))['context_size'], 99)
  })

  it('cancels a download, and goes on from there the next time', async () => {
    await using at = await node()
    let half = true
    at.server.answer((request, response) => {
      if (!request.url?.startsWith('/tiny.gguf')) return void response.end(BASE)
      response.writeHead(half ? 200 : 206, {
        etag: '"x"',
        ...(half ? {} : { 'content-range': `bytes 300000-${CHAT.length - 1}/${CHAT.length}` }),
      })
      if (half) response.write(CHAT.subarray(0, 300_000))
      else response.end(CHAT.subarray(300_000))
    })
    const { body } = await at.post('/models/apply', { id: 'tiny' })
    const running = await poll('some progress', 10_000, async () => {
      const status = (await at.get(`/models/jobs/${String(body['uuid'])}`)).body as Record<string, unknown>
      return Number(status['current_bytes']) > 0 && status
    })
    assert.match(String(running['message']), /^processing file: tiny\.gguf\. Total: .*\. Current: \d/)
    const shown = (await at.get('/api/operations')).body as { operations: Record<string, unknown>[] }
    assert.deepEqual(
      [shown.operations[0]?.['jobID'], shown.operations[0]?.['name'], shown.operations[0]?.['taskType']],
      [body['uuid'], 'tiny', 'installation'],
    )
    const cancelled = await at.post(`/api/operations/${String(body['uuid'])}/cancel`)
    assert.deepEqual(cancelled, { status: 200, body: { success: true, message: 'Operation cancelled' } })
    const done = await at.ended(String(body['status']))
    assert.deepEqual([done['cancelled'], done['message'], done['error']], [true, 'cancelled', null])
    const again = await at.post(`/api/operations/${String(body['uuid'])}/cancel`)
    assert.equal(again.status, 400)
    assert.deepEqual(Object.keys(again.body), ['error'])
    half = false
    const second = await at.post('/models/apply', { id: 'tiny' })
    assert.equal((await at.ended(String(second.body['status'])))['error'], null)
    assert.deepEqual(await readFile(join(at.models, 'tiny.gguf')), CHAT)
  })
})

describe('POST /models/import-uri', () => {
  it('[API-models-import-uri] takes the wanted file of a repository', async () => {
    await using at = await node()
    const listing = ['a-Q2_K.gguf', 'a-Q4_K_M.gguf', 'a-Q8_0.gguf'].map((path) => ({ type: 'file', path, size: 1 }))
    at.served.set('/api/models/o/r/tree/main', Buffer.from(JSON.stringify(listing)))
    at.served.set('/o/r/resolve/main/a-Q8_0.gguf', CHAT)
    const job = await at.post('/models/import-uri', {
      uri: 'huggingface://o/r',
      preferences: { quantizations: 'q5_k_m,q8_0', name: 'picked', description: 'chosen by hand' },
    })
    assert.equal((await at.ended(String(job.body['status'])))['error'], null)
    const { parameters, template, description } = await yamlOf(at, 'picked')
    assert.deepEqual(
      [parameters, template, description],
      [{ model: 'a-Q8_0.gguf' }, { use_tokenizer_template: true }, 'chosen by hand'],
    )
  })

  it('says when there is nothing to import', async () => {
    await using at = await node()
    at.served.set('/api/models/o/r/tree/main', Buffer.from('[{"type":"file","path":"model.safetensors"}]'))
    const job = await at.post('/models/import-uri', { uri: 'hf://o/r' })
    assert.match(String((await at.ended(String(job.body['status'])))['error']), /^no importer matched for URI/)
    assert.equal((await at.post('/models/import-uri', {})).status, 400)
  })
})

describe('POST /models/delete', () => {
  it('[API-models-delete] removes a model and what belongs to it, and answers with a job that is there', async () => {
    await using at = await node()
    const installed = await at.post('/models/apply', { id: 'org/second' })
    await at.ended(String(installed.body['status']))
    const { status, body } = await at.post(`/models/delete/${encodeURIComponent('org/second')}`)
    assert.equal(status, 200)
    const done = await at.ended(`/models/jobs/${String(body['uuid'])}`)
    assert.deepEqual([done['deletion'], done['error']], [true, null])
    assert.deepEqual(await at.files(), [])
    assert.deepEqual(((await at.get('/v1/models')).body as { data: unknown[] }).data, [])
  })

  it('removes also for clients that say application/json of no body at all', async () => {
    await using at = await node()
    const { body } = await at.post('/models/apply', { id: 'own@tiny' })
    await at.ended(String(body['status']))
    const removal = await at.post('/models/delete/tiny', '')
    assert.equal(removal.status, 200)
    assert.equal((await at.ended(String(removal.body['status'])))['deletion'], true)
  })

  it('[ERR-MODELS-DELETE-404] answers 404 for what is not there', async () => {
    await using at = await node()
    for (const name of ['nobody', '..%2F..%2Fx', '%2Fetc%2Fpasswd', 'tiny']) {
      assert.equal((await at.post(`/models/delete/${name}`)).status, 404, name)
    }
  })
})

describe('GET of models and jobs', () => {
  it('[API-models-available] lists what galleries have, and the galleries', async () => {
    await using at = await node()
    const entries = (await at.get('/models/available')).body as Record<string, unknown>[]
    const own = entries.filter((entry) => (entry['gallery'] as { name: string }).name === 'own')
    assert.deepEqual(
      own.map(({ name, installed, license }) => [name, installed, license]),
      [
        ['tiny', false, 'mit'],
        ['org/second', false, ''],
      ],
    )
    const galleries = (await at.get('/v1/models/galleries')).body
    assert.deepEqual(galleries, [
      { url: 'file://index.yaml', name: 'local-ai' },
      { url: 'file://galleries.yaml', name: 'own' },
    ])
  })

  it('[ERR-MODELS-JOBS-404] does not know every job', async () => {
    await using at = await node()
    for (const path of ['/models/jobs/x', '/v1/models/jobs/x', '/backends/jobs/x']) {
      const { status, body } = await at.get(path)
      assert.equal(status, 404)
      assert.equal((body as { error: { message: string } }).error.message, 'could not find any status for ID')
    }
  })

  it('[API-api-models] is searched, sorted and paged', async () => {
    await using at = await node()
    const { body } = await at.get('/api/models?term=org/second&items=1&sort=name')
    const { models, currentPage, totalPages, availableModels, repositories } = body as Record<string, unknown>
    const [first] = models as Record<string, unknown>[]
    assert.deepEqual(
      [first?.['id'], first?.['installed'], first?.['processing'], first?.['gallery']],
      ['own@org/second', false, false, 'own'],
    )
    assert.deepEqual([currentPage, Number(totalPages) >= 1, Number(availableModels) > 2], [1, true, true])
    assert.deepEqual(repositories, [{ name: 'local-ai' }, { name: 'own' }])
    assert.equal((await at.get('/api/models?page=x')).status, 400)
  })

  it('[API-api-models-actions] installs, shows and removes from the web interface', async () => {
    await using at = await node()
    const { body } = await at.post('/api/models/install/own@tiny')
    assert.equal(body['message'], 'Installation started')
    const done = await at.ended(`/api/models/job/${String(body['jobID'])}`)
    assert.deepEqual([done['completed'], done['galleryElementName']], [true, 'own@tiny'])
    const unknown = (await at.get('/api/models/job/nobody')).body as Record<string, unknown>
    assert.deepEqual([unknown['progress'], unknown['message'], unknown['queued']], [0, 'Operation queued', true])
    const config = (await at.get('/api/models/config-json/tiny')).body as Record<string, unknown>
    assert.equal(config['context_size'], 256)
    const edit = (await at.get('/api/models/edit/tiny')).body as Record<string, unknown>
    assert.deepEqual([edit['name'], /context_size: 256/.test(String(edit['config']))], ['tiny', true])
    const missing = await at.get('/api/models/config-json/nobody')
    assert.deepEqual(missing, { status: 404, body: { error: 'model configuration not found' } })
    const removal = await at.post('/api/models/delete/own@tiny')
    assert.equal((await at.ended(`/api/models/job/${String(removal.body['jobID'])}`))['deletion'], true)
    assert.deepEqual(await at.files(), [])
    const only = await at.post('/api/models/config/own@tiny')
    assert.match(String(only.body['message']), /Configuration of tiny/)
    await poll('the configuration', 10_000, async () => (await at.files()).includes('tiny.yaml'))
    assert.ok(!(await at.files()).includes('tiny.gguf'))
  })

  it('keeps failed operations until they are dismissed', async () => {
    await using at = await node()
    const { body } = await at.post('/models/apply', { id: 'nobody' })
    await at.ended(String(body['status']))
    const list = async () => ((await at.get('/api/operations')).body as { operations: { error?: string }[] }).operations
    assert.match((await list())[0]?.error ?? '', /nobody/)
    assert.equal((await at.post(`/api/operations/${String(body['uuid'])}/dismiss`)).status, 200)
    assert.deepEqual(await list(), [])
    assert.equal((await at.post(`/api/operations/${String(body['uuid'])}/dismiss`)).status, 400)
  })

  it('[API-api-resources] tells what the node has and its models can do', async () => {
    await using at = await node()
    const installed = await at.post('/models/apply', { id: 'tiny' })
    await at.ended(String(installed.body['status']))
    const resources = (await at.get('/api/resources')).body as Record<string, unknown>
    assert.equal(resources['type'], 'ram')
    assert.ok(Number(resources['storage_size']) >= CHAT.length)
    const { data } = (await at.get('/v1/models/capabilities')).body as {
      data: { id: string; capabilities: string[] }[]
    }
    assert.equal(data[0]?.id, 'tiny')
    assert.ok(data[0].capabilities.includes('chat'))
    const { agents, mcp, gallery, settings } = (await at.get('/api/features')).body as Record<string, unknown>
    const known = await fetch(`${at.api.url}/mcp/v1/chat/completions`, { method: 'POST', body: '' })
    assert.deepEqual([agents, mcp, gallery, settings], [false, known.status !== 404, true, false])
  })
})

describe('configurations over HTTP', () => {
  async function send(at: ManagedNode, path: string, [text, type = '']: readonly [text: string, type?: string]) {
    const headers = type === '' ? {} : { 'content-type': type }
    const response = await fetch(`${at.api.url}${path}`, { method: 'POST', headers, body: Buffer.from(text) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  it('[API-models-import] are added as YAML or JSON, whatever the header says', async () => {
    await using at = await node()
    const yaml = '# a comment\nname: y\nparameters: {model: m.gguf}\n'
    for (const [text, type, name] of [
      [yaml, 'application/yaml', 'y'],
      ['{"name":"j"}', 'application/json', 'j'],
      ['name: f\n', 'application/x-www-form-urlencoded', 'f'],
      ['name: n\n', '', 'n'],
    ] as const) {
      const { status, body } = await send(at, '/models/import', [text, type])
      assert.deepEqual([status, body['success'], body['filename']], [200, true, `${name}.yaml`], String(body['error']))
    }
    assert.equal(await readFile(join(at.models, 'y.yaml'), 'utf8'), yaml)
  })

  const bad: readonly (readonly [id: string, text: string, type: string, error: RegExp])[] = [
    ['empty', '', 'application/yaml', /^Request body is empty$/],
    ['json', '{"name":', 'application/json', /^Failed to parse JSON: /],
    ['yaml', 'name: [', 'application/yaml', /^Failed to parse YAML: /],
    ['name', 'backend: x', 'application/yaml', /^Name is required$/],
    ['invalid', 'name: x\nf16: maybe', 'application/yaml', /^Invalid configuration: /],
    ['backend', 'name: x\nbackend: ../y', 'application/yaml', /^Invalid configuration: invalid backend name: \.\.\/y$/],
    ['flash', 'name: x\nflash_attention: perhaps', 'application/yaml', /^Invalid configuration: /],
    ['path', 'name: x\nparameters: {model: ../y}', 'application/yaml', /^Model path not trusted: /],
    ['slash', 'name: a/b', 'application/yaml', /^Invalid configuration: /],
    ['utf8', '\ud800', 'application/yaml', /^(?:Failed to parse YAML|Invalid)/],
  ]
  describe('that are wrong are refused', () => {
    let at: ManagedNode
    before(async () => {
      at = await node()
    })
    after(() => at[Symbol.asyncDispose]())
    for (const [id, text, type, error] of bad) {
      it(`[ERR-MODELS-IMPORT-400-${id}]`, async () => {
        const { status, body } = await send(at, '/models/import', [text, type])
        assert.equal(status, 400)
        assert.deepEqual(Object.keys(body).toSorted(), ['error', 'success'])
        assert.equal(body['success'], false)
        assert.match(String(body['error']), error)
        assert.deepEqual(await at.files(), [])
      })
    }
  })

  it('[ERR-MODELS-IMPORT-413] are refused when they are huge', async () => {
    await using at = await node()
    const { status, body } = await send(at, '/models/import', [`name: x\n#${'x'.repeat(70_000)}`, 'application/yaml'])
    assert.deepEqual([status, body['success']], [413, false])
  })

  it('[API-models-edit] are replaced and renamed; the registry knows at once', async () => {
    await using at = await node()
    await send(at, '/models/import', ['name: a\ncontext_size: 1\n', 'application/yaml'])
    const { status, body } = await send(at, '/models/edit/a', ['name: b\ncontext_size: 2\n', 'application/yaml'])
    assert.deepEqual([status, body['filename'], body['config']], [200, 'b.yaml', { name: 'b', context_size: 2 }])
    const { data } = (await at.get('/v1/models')).body as { data: { id: string }[] }
    assert.deepEqual(
      data.map(({ id }) => id),
      ['b'],
    )
    const gone = await send(at, '/models/edit/a', ['name: a\n', 'application/yaml'])
    assert.deepEqual([gone.status, gone.body['success']], [404, false])
  })

  it('are not replaced with If-Match when they are others than were read', async () => {
    await using at = await node()
    await send(at, '/models/import', ['name: a\ncontext_size: 1\n', 'application/yaml'])
    const replace = async (tag: string, body: string) => {
      const headers = { 'content-type': 'application/yaml', 'if-match': tag }
      return (await fetch(`${at.api.url}/models/edit/a`, { method: 'POST', headers, body })).status
    }
    const read = (await fetch(`${at.api.url}/api/models/edit/a`)).headers.get('etag') ?? ''
    assert.equal(await replace(read, 'name: a\ncontext_size: 2\n'), 200)
    assert.equal(await replace(read, 'name: a\ncontext_size: 3\n'), 412)
    assert.deepEqual((await at.get('/api/models/config-json/a')).body, { name: 'a', context_size: 2 })
    assert.equal(await replace('*', 'name: a\ncontext_size: 3\n'), 200)
  })

  it('[API-models-reload] are read again', async () => {
    await using at = await node()
    await writeFile(join(at.models, 'hand.yaml'), 'name: by-hand\n')
    assert.deepEqual(await at.post('/models/reload'), {
      status: 200,
      body: { success: true, message: 'Model configurations reloaded' },
    })
    const { data } = (await at.get('/v1/models')).body as { data: { id: string }[] }
    assert.deepEqual(
      data.map(({ id }) => id),
      ['by-hand'],
    )
  })
})

describe('who may manage models', () => {
  const managing = ['/models/apply', '/models/import', '/models/reload', '/backends/apply', '/models/delete/x']

  it('[AUTH-management-401] is whoever has a key, where there are keys', async () => {
    await using at = await node({ apiKeys: ['sesame'] })
    for (const path of [...managing, '/api/models/install/x', '/backend/shutdown']) {
      assert.equal((await at.api.post(path, {})).status, 401, path)
    }
    const headers = { authorization: 'Bearer sesame' }
    assert.equal((await fetch(`${at.api.url}/models/jobs`, { headers })).status, 200)
  })

  it('[AUTH-management-403] is nobody from elsewhere, where there are none', async () => {
    await using at = await node()
    for (const path of managing) {
      const response = await fetch(`${at.api.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.1' },
        body: '{}',
      })
      assert.equal(response.status, 403, path)
    }
    assert.equal((await fetch(`${at.api.url}/models/available`, { headers: { via: 'x' } })).status, 200)
  })

  it('[CLI-disable-gallery-endpoint] is nobody at all when it is switched off', async () => {
    await using at = await node({ flags: { disableGalleryEndpoint: ['true'] } })
    for (const path of [...managing, '/api/operations']) assert.equal((await at.post(path)).status, 404, path)
    assert.equal((await at.get('/models/available')).status, 404)
    assert.equal((await at.get('/api/resources')).status, 200)
  })
})
