import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createKeyRing } from '../../src/api/access/key-ring.ts'
import type { ModelLimits } from '../../src/backends/model-limits.ts'
import { prepareDynamicConfig } from '../../src/compose/dynamic-config.ts'
import { RuntimeSettingsSchema } from '../../src/config/dynamic/stored-settings.ts'
import { resolveSettings } from '../../src/config/resolve-settings.ts'
import { type RunSettings, runSettings } from '../../src/config/settings.ts'
import { poll } from '../support/poll.ts'
import { memoryLog } from '../unit/models/memory-log.ts'
import { startApi } from './api-harness.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }

/** A node's settings over a real folder, with the API before them; the parts that follow are looked at by the test. */
async function startNode(
  files: Readonly<Record<string, unknown>> = {},
  given: Partial<RunSettings> = {},
  explicit: readonly string[] = Object.keys(given),
) {
  await using cleanup = new AsyncDisposableStack()
  const parent = await mkdtemp(join(tmpdir(), 'local-ai-dynamic-'))
  cleanup.defer(async () => await rm(parent, { recursive: true, force: true }))
  const folder = join(parent, 'configuration')
  const memory = memoryLog()
  memory.log.level = 'info'
  const settings = { ...resolveSettings(runSettings, {}, {}), configPath: folder, dataPath: parent, ...given }
  // The first preparation makes the folder.
  await prepareDynamicConfig({ log: memory.log, explicit: new Set(explicit) }, settings)
  // At once: half a file would be one more that cannot be used.
  const put = async (name: string, content: unknown): Promise<void> => {
    await writeFile(join(parent, name), typeof content === 'string' ? content : JSON.stringify(content))
    await rename(join(parent, name), join(folder, name))
  }
  for (const [name, content] of Object.entries(files)) await put(name, content)
  const dynamic = await prepareDynamicConfig({ log: memory.log, explicit: new Set(explicit) }, settings)
  const keys = createKeyRing(settings.apiKeys)
  const limits: Partial<ModelLimits>[] = []
  const seen = { reloads: 0, backendChanges: 0 }
  const following = dynamic.follow({
    keys,
    loader: { configure: (changed) => void limits.push(changed) },
    registry: { reload: async () => void seen.reloads++ },
    backendsChanged: async () => void seen.backendChanges++,
  })
  const { runtimeSettings } = dynamic
  const api = cleanup.use(
    await startApi({ keys, settings: runtimeSettings && { ...runtimeSettings, schema: RuntimeSettingsSchema } }),
  )
  await following.start()
  cleanup.defer(following.stop)
  const moved = cleanup.move()
  return {
    ...{ folder, memory, dynamic, keys, limits, seen, put, url: `${api.url}/api/settings` },
    stored: async () => JSON.parse(await readFile(join(folder, 'runtime_settings.json'), 'utf8')) as unknown,
    remove: async (name: string) => await unlink(join(folder, name)),
    async get(key = '') {
      const response = await fetch(`${api.url}/api/settings`, { headers: { authorization: `Bearer ${key}` } })
      return (await response.json()) as Record<string, unknown>
    },
    async post(body: unknown, key = '') {
      const response = await api.post('/api/settings', body, {
        headers: { ...JSON_HEADERS, authorization: `Bearer ${key}` },
      })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

describe('the configuration folder', { concurrency: 4, timeout: 60_000 }, () => {
  it('is made for its owner only, and its keys open the API until they are removed', async () => {
    await using node = await startNode({}, { apiKeys: ['given'] })
    assert.equal((await stat(node.folder)).mode & 0o777, 0o700)
    await node.put('api_keys.json', ['from-file'])
    await poll('the key counts', 5_000, () => node.keys.find('from-file'))
    await node.put('api_keys.json', ['another'])
    await poll('the key is replaced', 5_000, () => node.keys.find('another'))
    assert.equal(node.keys.find('from-file'), undefined)
    await node.remove('api_keys.json')
    await poll('the key is gone', 5_000, () => node.keys.find('another') === undefined)
    assert.ok(node.keys.find('given'))
  })

  it('keeps what was there when a file is broken, and says why, without a word of it', async () => {
    await using node = await startNode({ 'api_keys.json': ['good'] })
    const warned = node.memory.next('a file of the configuration folder cannot be used: what it said before stays')
    await node.put('api_keys.json', '["good", "half-writ')
    await warned
    assert.ok(node.keys.find('good'))
    assert.deepEqual(node.memory.warnings(), ['api_keys.json: it is not JSON'])
    await node.put('api_keys.json', ['better'])
    await poll('the file is good again', 5_000, () => node.keys.find('better'))
  })

  it('is open to nobody while its list of keys cannot be read', async () => {
    await using node = await startNode({ 'api_keys.json': '["half-writ' })
    const status = async () => (await fetch(node.url)).status
    assert.equal(await status(), 401)
    await node.put('api_keys.json', ['whole'])
    await poll('the key counts', 5_000, () => node.keys.find('whole'))
    await node.remove('api_keys.json')
    await poll('there are no keys', 5_000, async () => (await status()) === 200)
  })

  it('is open again when a list that could not even be read is gone, or says what it said before', async () => {
    await using node = await startNode({ 'api_keys.json': [] })
    const status = async () => (await fetch(node.url)).status
    assert.equal(await status(), 200)
    const tooLarge = JSON.stringify(['x'.repeat(1024 * 1024)])
    await node.put('api_keys.json', tooLarge)
    await poll('the API is closed', 5_000, async () => (await status()) === 401)
    await node.put('api_keys.json', [])
    await poll('the list can be read again', 5_000, async () => (await status()) === 200)
    await node.remove('api_keys.json')
    await node.put('api_keys.json', tooLarge)
    await poll('the API is closed again', 5_000, async () => (await status()) === 401)
    await node.remove('api_keys.json')
    await poll('the list is gone', 5_000, async () => (await status()) === 200)
  })

  it('refuses a file that is too large, or none', async () => {
    await using node = await startNode({ 'api_keys.json': ['good'] })
    const warned = node.memory.next('a file of the configuration folder cannot be used: what it said before stays')
    await node.put('api_keys.json', `["${'x'.repeat(1024 * 1024)}"]`)
    await warned
    assert.deepEqual(node.memory.warnings(), ['api_keys.json: it has more than 1048576 bytes'])
    assert.ok(node.keys.find('good'))
  })

  it('attaches backends while it runs, and the command line comes first', async () => {
    await using node = await startNode({}, { externalGrpcBackends: ['mine:127.0.0.1:1'] })
    await node.put('external_backends.json', { Mine: '127.0.0.1:2', other: '127.0.0.1:3' })
    await poll('the backends are told', 5_000, () => node.seen.backendChanges > 1)
    const named = () => new Map(node.dynamic.externalBackends().map(({ name, uri }) => [name, uri]))
    assert.deepEqual(
      [...named()],
      [
        ['mine', '127.0.0.1:1'],
        ['other', '127.0.0.1:3'],
      ],
    )
    await node.remove('external_backends.json')
    await poll('the backend is gone', 5_000, () => !named().has('other'))
  })

  it('is looked at again and again where nobody tells of changes', async () => {
    await using node = await startNode({}, { configPollIntervalMs: 100 })
    await node.put('api_keys.json', ['polled'])
    await poll('the key counts', 5_000, () => node.keys.find('polled'))
  })
})

describe('runtime settings by hand', { concurrency: 4, timeout: 60_000 }, () => {
  it('hold at the start, after flags and before defaults, and change while the node runs', async () => {
    const file = { threads: 3, watchdog_idle_timeout: '2h', lru_eviction_max_retries: 7 }
    await using node = await startNode({ 'runtime_settings.json': file }, { watchdogIdleTimeoutMs: 5 })
    const { settings } = node.dynamic
    assert.deepEqual([settings.threads, settings.watchdogIdleTimeoutMs, settings.lruEvictionMaxRetries], [3, 5, 7])
    assert.equal(node.limits.length, 0)
    await node.put('runtime_settings.json', { threads: 4, max_active_backends: 2, parallel_backend_requests: false })
    await poll('the settings change', 5_000, () => node.limits.at(-1))
    assert.equal(settings.threads, 4)
    assert.equal(node.limits.at(-1)?.maxActiveBackends, 2)
    assert.equal(node.limits.at(-1)?.serialRequests, true)
    assert.equal(node.limits.at(-1)?.lruEvictionMaxRetries, 30)
    await poll('the models are read again', 5_000, () => node.seen.reloads === 1)
    await node.remove('runtime_settings.json')
    await poll('the settings are the defaults again', 5_000, () => settings.threads === undefined)
    assert.equal(node.limits.at(-1)?.maxActiveBackends, 0)
  })

  it('are nothing to a node that is not to have any', async () => {
    await using node = await startNode({ 'runtime_settings.json': { threads: 3 } }, { disableRuntimeSettings: true })
    assert.equal(node.dynamic.settings.threads, undefined)
    assert.equal((await fetch(node.url)).status, 404)
  })

  it('that are wrong leave the node as it was, and it starts without them', async () => {
    await using node = await startNode({ 'runtime_settings.json': { threads: 'many', f16: true } })
    assert.equal(node.dynamic.settings.f16, false)
    assert.deepEqual(node.memory.warnings(), [
      'runtime_settings.json: Invalid threads format: it must be a whole number, 0 or more',
    ])
  })

  it('that are wrong and have keys let nobody in until they can be read', async () => {
    const file = { threads: 'many', api_keys: ['a'] }
    await using node = await startNode({ 'runtime_settings.json': file })
    assert.equal((await fetch(node.url)).status, 401)
    await node.put('runtime_settings.json', { ...file, threads: 1 })
    await poll('the key counts', 5_000, () => node.keys.find('a'))
    assert.equal((await node.post({ api_keys: [] }, 'a')).status, 200)
    assert.equal((await fetch(node.url)).status, 200)
  })

  it('that were cut off before their keys let nobody in either, and those that are whole and have none everybody', async () => {
    for (const [file, status] of [
      ['', 401],
      ['{"threads": 2, "f1', 401],
      ['{"threads": 2,}\n', 200],
    ] as const) {
      await using node = await startNode({ 'runtime_settings.json': file })
      assert.equal((await fetch(node.url)).status, status, file)
      await node.put('runtime_settings.json', { threads: 1 })
      await poll('the file can be read', 5_000, async () => (await fetch(node.url)).status === 200)
    }
  })

  it('change how much the log tells, unless the command line has said', async () => {
    await using node = await startNode({ 'runtime_settings.json': { debug: true } })
    assert.equal(node.memory.log.level, 'debug')
    await node.put('runtime_settings.json', { debug: false })
    await poll('the level', 5_000, () => node.memory.log.level === 'info')
    await using other = await startNode({ 'runtime_settings.json': { debug: true } }, {}, ['logLevel'])
    assert.equal(other.memory.log.level, 'info')
  })
})

describe('/api/settings', { concurrency: 4, timeout: 60_000 }, () => {
  it("[API-SETTINGS-GET] shows every setting, with LocalAI's keys and forms", async () => {
    await using node = await startNode()
    const shown = await node.get()
    assert.equal(shown['watchdog_idle_timeout'], '15m')
    assert.equal(shown['lru_eviction_retry_interval'], '1s')
    assert.deepEqual(shown['api_keys'], [])
    assert.equal(shown['threads'], 0)
  })

  it('[API-SETTINGS-POST] changes at once, and for the next start', async () => {
    await using node = await startNode({ 'runtime_settings.json': { f16: true, agent_pool_timeout: '5m' } })
    const { status, body } = await node.post({ max_active_backends: 3, watchdog_busy_timeout: '90s' })
    assert.equal(status, 200)
    assert.deepEqual(body, {
      success: true,
      message: 'Settings updated successfully',
      requires_restart: [],
      overridden: [],
      unknown: [],
    })
    assert.equal(node.limits.at(-1)?.maxActiveBackends, 3)
    const stored = {
      ...{ f16: true, agent_pool_timeout: '5m' },
      ...{ max_active_backends: 3, watchdog_busy_timeout: '90s', api_keys: [] },
    }
    assert.deepEqual(await node.stored(), stored)
    assert.equal((await stat(join(node.folder, 'runtime_settings.json'))).mode & 0o777, 0o600)
    await node.post({ f16: null })
    assert.equal((await node.get())['f16'], false)
  })

  it('with If-Match, does not overwrite what somebody else has changed meanwhile', async () => {
    await using node = await startNode()
    const tagNow = async () => (await fetch(node.url)).headers.get('etag') ?? ''
    const change = async (ifMatch: string, body: unknown) =>
      await fetch(node.url, {
        method: 'POST',
        headers: { ...JSON_HEADERS, 'if-match': ifMatch },
        body: JSON.stringify(body),
      })
    const read = await tagNow()
    assert.equal(await tagNow(), read)
    // Both are for what was read; only one of them can find it.
    const both = await Promise.all([change(read, { threads: 3 }), change(read, { threads: 4 })])
    assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 412])
    const late = both.find(({ status }) => status === 412)
    assert.match((await late?.text()) ?? '', /read them again/)
    assert.equal((await change(`"other", ${await tagNow()}`, { api_keys: ['a-key-of-mine'] })).status, 200)
    assert.equal((await change(`W/${read}`, {})).status, 401)
    assert.equal((await node.post({ threads: 5 }, 'a-key-of-mine')).status, 200)
  })

  it('[API-SETTINGS-POST-400] changes nothing when one value is wrong', async () => {
    await using node = await startNode()
    const { status, body } = await node.post({ max_active_backends: 3, watchdog_idle_timeout: 'soon' })
    assert.equal(status, 400)
    assert.equal(body['success'], false)
    assert.match(String(body['error']), /^Invalid watchdog_idle_timeout format: /)
    assert.equal((await node.get())['max_active_backends'], 0)
    for (const wrong of ['[]', '"x"', '5', '{"threads":']) assert.equal((await node.post(wrong)).status, 400)
  })

  it('takes no gallery that would let whoever asks run programs or read files of the machine', async () => {
    const known = [{ name: 'own', url: 'file:///srv/index.yaml' }]
    const given = { backendGalleries: JSON.stringify(known), galleries: '[]' }
    await using node = await startNode({}, given, [])
    const remote = { name: 'other', url: 'https://example.test/index.yaml' }
    const add = async (key: string, gallery: object) => (await node.post({ [key]: [...known, gallery] })).status
    assert.equal((await node.post({ backend_galleries: known, galleries: [remote] })).status, 200)
    assert.equal(await add('backend_galleries', remote), 400)
    assert.equal(await add('backend_galleries', { name: 'x', url: '/tmp/index.yaml' }), 400)
    for (const url of ['file:///tmp/i.yaml', '/tmp/i.yaml', './i.yaml', 'FILE:///tmp/i.yaml', 'i.yaml']) {
      assert.equal((await node.post({ galleries: [remote, { name: 'x', url }] })).status, 400, url)
    }
    assert.deepEqual(await node.stored(), { backend_galleries: known, galleries: [remote], api_keys: [] })
    await using permissive = await startNode({}, { ...given, allowBackendUris: true }, [])
    assert.equal((await permissive.post({ backend_galleries: [...known, remote] })).status, 200)
    assert.equal((await permissive.post({ backend_galleries: [{ name: 'x', url: '/tmp/index.yaml' }] })).status, 400)
  })

  it('never grows beyond what is read at the next start, which would lose the keys in it', async () => {
    await using node = await startNode()
    const part = (name: string) => ({ [name]: 'x'.repeat(600_000) })
    assert.equal((await node.post({ ...part('one'), api_keys: ['a'] })).status, 200)
    assert.equal((await node.post(part('two'), 'a')).status, 400)
    assert.equal((await stat(join(node.folder, 'runtime_settings.json'))).size < 1024 * 1024, true)
  })

  it('says what waits for a restart, what a flag overrides and what it does not know', async () => {
    await using node = await startNode({}, { threads: 9 })
    const { body } = await node.post({ threads: 2, p2p_network_id: 'group', federated: true, agent_pool: 1 })
    assert.deepEqual(body['requires_restart'], ['p2p_network_id', 'federated'])
    assert.deepEqual(body['overridden'], ['threads'])
    assert.deepEqual(body['unknown'], ['agent_pool'])
    assert.equal(node.dynamic.settings.threads, 9)
    assert.equal(node.dynamic.settings.p2pNetworkId, '')
  })

  it('shows no secret, takes it back from its mask, and keys count at once', async () => {
    await using node = await startNode({}, { apiKeys: ['fixed'] })
    await node.post({ api_keys: ['first', 'second'], p2p_token: '0' }, 'fixed')
    assert.ok(node.keys.find('first'))
    const shown = await node.get('first')
    const [first = '', second = ''] = shown['api_keys'] as string[]
    assert.match(first, /^\*{8}[0-9a-f]{8}$/)
    const before = (await node.stored()) as Record<string, unknown>
    assert.match(String(before['p2p_token']), /^[A-Za-z0-9+/]{100,}=*$/)
    // What a page has read, it sends back, with one key less.
    const { status } = await node.post({ ...shown, api_keys: [second] }, 'fixed')
    assert.equal(status, 200)
    const after = (await node.stored()) as Record<string, unknown>
    assert.deepEqual([after['api_keys'], after['p2p_token']], [['second'], before['p2p_token']])
    assert.equal(node.keys.find('first'), undefined)
    const unknownMask = await node.post({ api_keys: [first] }, 'second')
    assert.equal(unknownMask.status, 400)
    assert.equal((await node.post({ p2p_token: 'no token' }, 'second')).status, 400)
  })

  it('sets a damaged file aside before it is replaced: it may hold keys', async () => {
    const damaged = '{"api_keys":["sk-one"],"thre'
    await using node = await startNode({ 'runtime_settings.json': damaged }, { apiKeys: ['own'] })
    assert.equal((await node.post({ threads: 2 }, 'own')).status, 200)
    assert.deepEqual(await node.stored(), { threads: 2, api_keys: [] })
    const aside = join(node.folder, 'runtime_settings.json.damaged')
    assert.equal(await readFile(aside, 'utf8'), damaged)
    assert.match(JSON.stringify(node.memory.lines), /runtime_settings\.json\.damaged/)
  })

  it('loses no change of many at the same time, nor an edit that nobody has noticed yet', async () => {
    await using node = await startNode()
    await node.put('runtime_settings.json', { context_size: 777 })
    const changes = [{ threads: 2 }, { f16: true }, { csrf: true }, { watchdog_interval: '2s' }, { cors: true }]
    await Promise.all(changes.map((change) => node.post(change)))
    assert.deepEqual(await node.stored(), Object.assign({ context_size: 777, api_keys: [] }, ...changes))
    assert.equal((await node.get())['context_size'], 777)
  })
})
