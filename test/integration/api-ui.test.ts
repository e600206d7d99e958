import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { LiveUpdate } from '../../src/api/ui/event-schema.ts'
import { createExplainer, EXPLAINER_DEFAULTS } from '../../src/federation/explain/create-explainer.ts'
import { createLogHistory } from '../../src/telemetry/log-history.ts'
import { type ApiHarness, startApi, startEntry } from './api-harness.ts'
import { fakeNetwork, TOKEN } from './fake-network.ts'
import { scriptedRouter } from './scripted-router.ts'

const HTML = { accept: 'text/html,application/xhtml+xml' }
const WAIT_MS = 5000

describe('the web interface', () => {
  let api: ApiHarness
  before(async () => {
    api = await startApi({ apiKeys: ['k'] })
  })
  after(() => api[Symbol.asyncDispose]())

  it('is one page for all of its paths, which needs no key and runs nothing that stands in it', async () => {
    for (const [path, base] of [
      ['/app', './'],
      ['/app/p2p', '../'],
      ['/app/nodes/x?y=/z', '../../'],
    ] as const) {
      const response = await fetch(`${api.url}${path}`)
      assert.equal(response.status, 200, path)
      assert.match(String(response.headers.get('content-type')), /^text\/html/)
      const policy = String(response.headers.get('content-security-policy'))
      assert.match(policy, /default-src 'self'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'/)
      assert.doesNotMatch(policy, /unsafe/)
      assert.equal(response.headers.get('x-frame-options'), 'DENY')
      assert.equal(response.headers.get('cache-control'), 'no-cache')
      const page = await response.text()
      assert.ok(page.includes(`<base href="${base}">`), path)
      assert.doesNotMatch(page, /<script>|<style|style=|\{\{/)
    }
  })

  it('gives its files for ever, compressed as the browser takes them, and again only when they are others', async () => {
    const page = await (await fetch(`${api.url}/app`)).text()
    const files = [...page.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, file = '']) => file)
    assert.ok(files.length >= 3)
    for (const file of files) {
      const url = `${api.url}/${file}`
      const plain = await fetch(url, { headers: { 'accept-encoding': 'identity, br;q=0' } })
      assert.equal(plain.headers.get('content-encoding'), null)
      assert.equal(plain.headers.get('cache-control'), 'public, max-age=31536000, immutable')
      const bytes = Buffer.from(await plain.arrayBuffer())
      assert.ok(bytes.length > 0)
      for (const encoding of ['br', 'gzip']) {
        const packed = await fetch(url, { headers: { 'accept-encoding': `x, ${encoding}` } })
        assert.equal(packed.headers.get('content-encoding'), encoding)
        // The bundler's smallest pieces are a line.
        if (bytes.length > 1024) assert.ok(Number(packed.headers.get('content-length')) < bytes.length)
        assert.deepEqual(Buffer.from(await packed.arrayBuffer()), bytes, file)
      }
      const tag = String(plain.headers.get('etag'))
      const again = await fetch(url, { headers: { 'if-none-match': `"other", W/${tag}` } })
      assert.equal(again.status, 304)
    }
    for (const file of ['index.html', 'files.json', '..%2ffiles.json', 'nothing.js']) {
      assert.equal((await fetch(`${api.url}/assets/${file}`)).status, 404, file)
    }
  })

  it('is where browsers are led that come to the root, to old paths and to none, and programs are not', async () => {
    const led = async (path: string, headers: Record<string, string> = HTML) => {
      const response = await fetch(`${api.url}${path}`, { headers, redirect: 'manual' })
      await response.arrayBuffer()
      return `${response.status} ${response.headers.get('location')}`
    }
    assert.equal(await led('/', {}), '301 /app')
    assert.equal(await led('/', { 'x-forwarded-prefix': '/ai' }), '301 /ai/app')
    assert.equal(await led('/', { 'x-forwarded-prefix': '//evil.example' }), '301 /app')
    assert.equal(await led('/ai', { 'x-forwarded-prefix': '/ai' }), '301 /ai/app')
    assert.equal(await led('/ai/app/p2p', { ...HTML, 'x-forwarded-prefix': '/ai/' }), '200 null')
    assert.equal(await led('/ai/no/such/thing', { 'x-forwarded-prefix': '/ai' }), '401 null')
    assert.equal(await led('/ai/v1/models', { authorization: 'Bearer k', 'x-forwarded-prefix': '/ai' }), '200 null')
    assert.equal(await led('/ai/v1/models', { 'x-forwarded-prefix': '/ai' }), '401 null')
    assert.equal(await led('/browse/p2p'), '301 /app/p2p')
    assert.equal(await led('/chat/m'), '301 /app/chat/m')
    assert.equal(await led('/text2image'), '301 /app/image')
    assert.equal(await led('/no/such/thing'), '200 null')
    assert.equal(await led('/no/such/thing', { accept: 'application/json' }), '401 null')
    const headers = { authorization: 'Bearer k', accept: '*/*' }
    assert.equal(await led('/no/such/thing', headers), '404 null')
  })

  it('is left out with all that belongs to it', async () => {
    await using without = await startApi({ webUi: false })
    for (const path of ['/', '/app', '/favicon.svg', '/browse', '/api/events']) {
      assert.equal((await fetch(`${without.url}${path}`, { headers: HTML })).status, 404, path)
    }
  })
})

describe('signing in on a page with a key', () => {
  it('puts a right key where no script finds it, and takes it back', async () => {
    await using api = await startApi({ apiKeys: ['the key', 'k1'] })
    const login = (token: string) => api.post('/api/auth/token-login', { token })
    assert.equal((await login('wrong')).status, 401)
    assert.equal((await login('the key')).status, 422)
    const cookie = String((await login('k1')).headers.get('set-cookie'))
    assert.match(cookie, /^page-key=k1; Path=\/; HttpOnly; SameSite=Strict$/)
    const headers = { cookie: 'page-key=k1' }
    const status = async (init: RequestInit) => (await fetch(`${api.url}/api/p2p/status`, init)).status
    assert.equal(await status({}), 401)
    assert.equal(await status({ headers }), 200)
    // A page of another site cannot use the cookie for changes, whatever --csrf says.
    const change = async (site: string) =>
      (await fetch(`${api.url}/api/p2p/drain`, { method: 'POST', headers: { ...headers, 'sec-fetch-site': site } }))
        .status
    assert.equal(await change('same-site'), 403)
    assert.equal(await change('same-origin'), 409)
    const gone = await fetch(`${api.url}/api/auth/token-login`, { method: 'DELETE' })
    assert.match(String(gone.headers.get('set-cookie')), /^page-key=; .*Max-Age=0/)
  })
})

describe('the stream of what pages show', () => {
  it('begins with everything, and goes on with what happens: a node falls silent, a request comes', async () => {
    const network = fakeNetwork()
    const explainer = createExplainer(
      { self: { peerId: 'id-a', name: 'a' }, now: () => performance.now(), unixNow: Date.now, listeners: [] },
      EXPLAINER_DEFAULTS,
    )
    const { router } = scriptedRouter()
    await using entry = await startEntry({ ...network.deps, router, explainer })
    await using stream = await watch(entry.url)
    const first = await stream.until((update) => update.reset !== undefined)
    assert.equal(first.reset?.manages, true)
    assert.equal(first.reset?.self, 'id-a')
    assert.deepEqual(first.nodes?.map(({ name, state }) => [name, state]).sort(), [
      ['a', 'self'],
      ['b', 'linked'],
      ['c', 'silent'],
      ['door', 'linked'],
    ])
    assert.deepEqual(
      first.standing?.findings.map(({ problem }) => problem),
      ['unreachable'],
    )
    network.silence()
    const quiet = await stream.until((update) => update.figures !== undefined)
    assert.deepEqual(quiet.figures?.map(({ id, state }) => [id, state]).sort(), [
      ['id-b', 'silent'],
      ['id-door', 'silent'],
    ])
    explainer.events.considered?.(
      { id: 'r1', method: 'POST', target: '/v1/x?secret', capability: 'chat', model: 'm', owner: undefined } as never,
      { policy: 'weighted', order: [] },
    )
    const told = await stream.until((update) => update.requests !== undefined)
    assert.deepEqual(
      told.requests?.map(({ id, state, path, model }) => [id, state, path, model]),
      [['r1', 'routing', '/v1/x', 'm']],
    )
    assert.ok(!JSON.stringify([first, quiet, told]).includes(TOKEN))
  })

  it('tells whoever may not manage the node no more than the routes do, and strangers nothing', async () => {
    const network = fakeNetwork()
    await using api = await startApi({ apiKeys: ['k'] }, network.deps)
    assert.equal((await fetch(`${api.url}/api/events`)).status, 401)
    const headers = { authorization: 'Bearer k' }
    const head = await fetch(`${api.url}/api/events`, { method: 'HEAD', headers, signal: AbortSignal.timeout(WAIT_MS) })
    assert.equal(head.headers.get('content-type'), 'text/event-stream')
    await using open = await startApi({}, network.deps)
    // Through a proxy nobody is known to be on this machine.
    await using stream = await watch(open.url, { 'x-forwarded-for': '10.1.1.1' })
    const first = await stream.until((update) => update.reset !== undefined)
    assert.equal(first.reset?.manages, false)
    assert.deepEqual(first.nodes?.map(({ name }) => name).sort(), ['a', 'b', 'c'])
    assert.deepEqual([first.standing, first.requests, first.operations], [undefined, undefined, undefined])
  })

  it('tells that the node is still there when there is nothing else to tell', async () => {
    const streamLimits = { keepAliveMs: 5, stallTimeoutMs: 60_000 }
    await using api = await startApi({ streamLimits })
    await using stream = await watch(api.url)
    await stream.until((update) => Object.keys(update).length === 0)
  })
})

describe('streams without an end', () => {
  it('hold up no node that stops', { timeout: 20_000 }, async () => {
    const explainer = createExplainer(
      { self: { peerId: 'id-a', name: 'a' }, now: () => performance.now(), unixNow: Date.now, listeners: [] },
      EXPLAINER_DEFAULTS,
    )
    const { router } = scriptedRouter()
    // So long that nothing of it ends because of the time.
    const entry = await startEntry(
      { ...fakeNetwork().deps, router, explainer, logHistory: createLogHistory() },
      { shutdownTimeoutMs: 600_000 },
    )
    const streams = await Promise.all(
      ['/api/events', '/api/logs/events', '/api/federation/requests/events'].map(async (path) => {
        const response = await fetch(`${entry.url}${path}`)
        assert.equal(response.headers.get('content-type'), 'text/event-stream', path)
        return { rest: response.text() }
      }),
    )
    await entry.server.stop()
    for (const { rest } of streams) assert.doesNotMatch(await rest, /error|fail/i)
  })
})

async function watch(url: string, headers: Record<string, string> = {}) {
  const leaving = new AbortController()
  const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(WAIT_MS)])
  const response = await fetch(`${url}/api/events`, { headers, signal })
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.ok(response.body)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    async until(fits: (update: LiveUpdate) => boolean): Promise<LiveUpdate> {
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end === -1) {
          const { value, done } = await reader.read()
          assert.ok(!done, 'the stream has ended')
          text += value
          continue
        }
        const event = text.slice(0, end)
        text = text.slice(end + 2)
        if (!event.startsWith('data: ')) continue
        const update = JSON.parse(event.slice('data: '.length)) as LiveUpdate
        if (fits(update)) return update
      }
    },
    async [Symbol.asyncDispose]() {
      leaving.abort()
      await reader.cancel().catch(() => {})
    },
  }
}
