import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { createKeyRing } from '../../src/api/access/key-ring.ts'
import { AppError } from '../../src/base/errors.ts'
import { startApi, startPeerApp } from './api-harness.ts'
import { send, sendBytes } from './http-client.ts'
import { reply, type Script } from './scripted-backend.ts'

const CHAT = '/v1/chat/completions'
const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }
const key = { authorization: 'Bearer first' }
const apiKeys = ['first']

describe('keys', () => {
  it('[AUTH-KEYS-RELOAD] come and go while the node runs, also the first and the last', async () => {
    const keys = createKeyRing([])
    await using api = await startApi({ keys })
    const status = async (headers = {}) => (await send(`${api.url}/v1/models`, { headers })).status
    assert.equal(await status(), 200)
    keys.replace(['first', 'second'])
    assert.deepEqual([await status(), await status(key)], [401, 200])
    keys.replace(['second'])
    assert.deepEqual([await status(key), await status({ 'x-api-key': 'second' })], [401, 200])
    keys.replace([])
    assert.equal(await status(), 200)
  })

  it('[AUTH-401] are asked for with a challenge, in the words of the reference', async () => {
    await using api = await startApi({ apiKeys })
    for (const path of ['/v1/models', '/made-up', '/api/p2p/token']) {
      const answer = await send(`${api.url}${path}`)
      assert.equal(answer.status, 401)
      assert.equal(answer.headers['www-authenticate'], 'Bearer')
      assert.deepEqual(JSON.parse(answer.text), {
        error: { code: 401, message: 'An authentication key is required', type: 'invalid_request_error', param: null },
      })
    }
  })

  it('[AUTH-EXEMPT] are not asked for where a path that is exempt is read, and only there', async () => {
    const openGetPaths = ['^/v1/models/?$', '^/api/p2p.*$']
    await using api = await startApi({ apiKeys, access: { openGetPaths } })
    const rows = [
      ['GET', '/v1/models', 200],
      ['GET', '/v1/models/?filter=t', 200],
      ['HEAD', '/v1/models', 200],
      ['GET', '/api/p2p', 200],
      ['GET', '/api/p2p/token', 401],
      ['GET', '/system', 401],
      ['POST', '/v1/models', 401],
      ['POST', CHAT, 401],
    ] as const
    for (const [method, path, status] of rows) {
      assert.equal((await send(`${api.url}${path}`, { method })).status, status, `${method} ${path}`)
    }
    await using closed = await startApi({ apiKeys })
    assert.equal((await send(`${closed.url}/v1/models`)).status, 401)
  })
})

const failing: Script = async function* script() {
  yield reply({ message: Buffer.from('Hello') })
  throw new AppError('backend.failed', 'a secret detail')
}

describe('opaque errors', () => {
  const access = { opaqueErrors: true }

  it('[ERR-OPAQUE] keep their status and headers and have no body, of whatever kind', async () => {
    await using api = await startApi({ apiKeys, access, uploadLimitBytes: 1000 })
    const post = { method: 'POST', headers: key }
    const rows = [
      ['no key', CHAT, { method: 'POST', body: chat }, 401],
      ['route that is not there without accounts', '/api/auth/me', { headers: key }, 404],
      ['unknown route', '/made-up', { headers: key }, 404],
      ['unknown model', CHAT, { ...post, body: { ...chat, model: 'none' } }, 400],
      ['malformed JSON', CHAT, { ...post, body: '{' }, 400],
      ['wrong type', CHAT, { ...post, body: { ...chat, messages: 'x' } }, 400],
      ['other media type', CHAT, { ...post, headers: { ...key, 'content-type': 'text/x' }, body: 'x' }, 400],
      ['too large', CHAT, { ...post, body: { ...chat, user: 'x'.repeat(2000) } }, 413],
      ['path that is none', '/%zz', { headers: key }, 400],
      ['resource unknown', '/v1/models/none', { headers: key }, 404],
    ] as const
    for (const [name, path, init, status] of rows) {
      const answer = await send(`${api.url}${path}`, init)
      assert.deepEqual([answer.status, answer.text, answer.headers['content-type']], [status, '', undefined], name)
      if (status === 401) assert.equal(answer.headers['www-authenticate'], 'Bearer')
    }
    api.node.acquire = async () => {
      throw new AppError('backend.failed', 'a secret detail')
    }
    const failed = await send(`${api.url}${CHAT}`, { ...post, body: chat })
    assert.deepEqual([failed.status, failed.text], [500, ''])
    assert.match(String(failed.headers['x-correlation-id']), /./)
    api.node.acquire = async () => {
      throw new AppError('model.busy', 'busy with a secret')
    }
    const busy = await send(`${api.url}${CHAT}`, { ...post, body: chat })
    assert.deepEqual([busy.status, busy.text, busy.headers['retry-after']], [503, '', '1'])
    const broken = await sendBytes(api.url, 'no http\r\n\r\n')
    assert.match(broken, /^HTTP\/1\.1 400 Bad Request\r\n/)
    assert.equal(broken.split('\r\n\r\n')[1], '')
    const fine = await send(`${api.url}/v1/models`, { headers: key })
    assert.deepEqual([fine.status, fine.text.length > 2], [200, true])
  })

  it('[ERR-OPAQUE-STREAM] that end a stream say nothing of what it was', async () => {
    await using api = await startApi({ access })
    api.node.script = failing
    const stream = await send(`${api.url}${CHAT}`, { method: 'POST', body: { ...chat, stream: true } })
    assert.equal(stream.status, 200)
    assert.match(stream.text, /"code":500/)
    assert.match(stream.text, /data: \[DONE\]\n\n$/)
    assert.doesNotMatch(stream.text, /backend|secret/)
    await using open = await startApi()
    open.node.script = failing
    const told = await send(`${open.url}${CHAT}`, { method: 'POST', body: { ...chat, stream: true } })
    assert.match(told.text, /backend failed/, 'what is told otherwise')
  })

  it('are as opaque for the other members', async () => {
    await using peer = await startPeerApp({ access })
    const server = createServer((socket) => peer.app.accept(socket)).listen(0, '127.0.0.1')
    try {
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const answer = await send(`http://127.0.0.1:${port}${CHAT}`, { method: 'POST', body: { ...chat, model: 'none' } })
      assert.deepEqual([answer.status, answer.text], [400, ''])
    } finally {
      server.close()
    }
  })
})

describe('browsers', () => {
  const origin = 'https://app.example'
  const preflight = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  }

  it('[API-CORS-OFF] may let every page read answers, without cookies, and ask before any key', async () => {
    await using api = await startApi({ apiKeys })
    const asked = await send(`${api.url}${CHAT}`, { method: 'OPTIONS', headers: preflight })
    assert.equal(asked.status, 204)
    assert.equal(asked.headers['access-control-allow-origin'], '*')
    assert.equal(asked.headers['access-control-allow-headers'], 'authorization')
    assert.match(String(asked.headers['access-control-allow-methods']), /POST/)
    const wanted = 'authorization,X-Forwarded-Host, x-forwarded-proto,forwarded, x-local-ai-caller , x-mine'
    const tricked = { ...preflight, 'access-control-request-headers': wanted }
    const told = await send(`${api.url}${CHAT}`, { method: 'OPTIONS', headers: tricked })
    assert.equal(told.headers['access-control-allow-headers'], 'authorization, x-mine', 'no page speaks as a proxy')
    for (const headers of [{ origin, ...key }, { origin }]) {
      const answer = await send(`${api.url}/v1/models`, { headers })
      assert.equal(answer.headers['access-control-allow-origin'], '*', `also an error of ${answer.status} can be read`)
      assert.equal(answer.headers['access-control-allow-credentials'], undefined)
    }
  })

  it('[API-CORS-LIST] let only the pages of the list read answers, also streams; the list may change', async () => {
    let origins = [origin]
    await using api = await startApi({ apiKeys, access: { cors: () => ({ limited: true, origins }) } })
    const allowed = async (page: string, path = '/v1/models') =>
      (await send(`${api.url}${path}`, { headers: { ...key, origin: page } })).headers['access-control-allow-origin']
    assert.equal(await allowed(origin), origin)
    assert.equal(await allowed('https://evil.example'), undefined)
    assert.equal(await allowed('https://app.example.evil.example'), undefined)
    const asked = await send(`${api.url}${CHAT}`, {
      method: 'OPTIONS',
      headers: { ...preflight, origin: 'https://evil.example' },
    })
    assert.equal(asked.headers['access-control-allow-origin'], undefined)
    const stream = await send(`${api.url}${CHAT}`, {
      method: 'POST',
      headers: { ...key, origin },
      body: { ...chat, stream: true },
    })
    assert.equal(stream.headers['access-control-allow-origin'], origin)
    origins = ['https://other.example']
    assert.deepEqual(
      [await allowed(origin), await allowed('https://other.example')],
      [undefined, 'https://other.example'],
    )
    origins = []
    assert.equal(await allowed('https://evil.example'), '*', 'an empty list is every site, as in LocalAI')
  })

  it('[API-CSRF] have changes refused that another site asks for with a cookie', async () => {
    const cookie = 'token=first'
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    for (const csrf of [true, false]) {
      await using api = await startApi({ apiKeys, access: { csrf: () => csrf } })
      const status = async (headers: Record<string, string>, method = 'POST') => {
        const body = method === 'POST' ? chat : undefined
        return (await send(`${api.url}${method === 'POST' ? CHAT : '/v1/models'}`, { method, headers, body })).status
      }
      assert.equal(await status({ cookie, ...foreign }), csrf ? 403 : 200)
      assert.equal(await status({ cookie, origin: 'https://evil.example' }), csrf ? 403 : 200)
      assert.equal(await status({ cookie, ...foreign }, 'GET'), 200)
      assert.equal(await status({ cookie, ...foreign, ...key }), 200, 'a key is not sent by itself')
      assert.equal(await status({ cookie, 'sec-fetch-site': 'same-origin' }), 200)
      assert.equal(await status({ cookie }), 200)
    }
  })

  it('[API-SECURITY-HEADERS] are told not to guess and not to frame', async () => {
    await using api = await startApi({ machineTag: 'box-7' })
    for (const path of ['/v1/models', '/made-up']) {
      const { headers } = await send(`${api.url}${path}`)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['x-frame-options'], 'SAMEORIGIN')
      assert.equal(headers['content-security-policy'], undefined, 'this is no page')
      assert.equal(headers['machine-tag'], 'box-7')
    }
  })
})

describe('an open node', () => {
  it('answers to its own names only, so that no name can be made to mean it; probes always', async () => {
    await using api = await startApi({ access: { allowedHosts: ['ai.example'] } })
    const get = (host: string, path = '/v1/models') => send(`${api.url}${path}`, { headers: { host } })
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:8080', 'ai.example', 'local-ai:8080']) {
      assert.equal((await get(host)).status, 200, host)
    }
    const refused = await get('evil.example:8080')
    assert.equal(refused.status, 403)
    assert.match(refused.text, /--allowed-hosts/)
    assert.match(refused.text, /evil\.example/)
    assert.equal((await get('evil.example', '/healthz')).status, 200)
    await using closed = await startApi({ apiKeys })
    const headers = { host: 'evil.example', ...key }
    assert.equal((await send(`${closed.url}/v1/models`, { headers })).status, 200, 'a key is enough')
  })

  it('is managed by programs on the same machine, or by everybody but foreign pages when it is insecure', async () => {
    const rows = [
      [{}, 200, 200],
      [{ 'x-forwarded-for': '192.0.2.1' }, 403, 200],
      [{ host: '192.0.2.1:8080' }, 403, 200],
      [{ origin: 'https://evil.example' }, 403, 403],
      [{ 'sec-fetch-site': 'cross-site', 'x-forwarded-host': 'evil.example' }, 403, 403],
      [{ host: 'evil.example' }, 403, 403],
    ] as const
    for (const insecure of [false, true]) {
      await using api = await startApi({ access: { insecure } })
      for (const [headers, secured, open] of rows) {
        const { status, text } = await send(`${api.url}/api/p2p/token`, { headers })
        assert.equal(status, insecure ? open : secured, JSON.stringify(headers))
        if (status === 403) assert.match(text, /--api-keys/)
      }
    }
  })

  it('sees where a page comes from behind however many other headers', async () => {
    await using api = await startApi()
    const head = `GET /api/p2p/token HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${'a:\r\n'.repeat(2100)}`
    assert.match(await sendBytes(api.url, `${head}\r\n`), /^HTTP\/1\.1 200 /)
    assert.match(await sendBytes(api.url, `${head}Origin: https://evil.example\r\n\r\n`), /^HTTP\/1\.1 403 /)
  })

  it('says loudly at the start that it is one, when other machines can reach it', async () => {
    async function warnings(init: Parameters<typeof startApi>[0]) {
      const lines: string[] = []
      const log = pino(
        { level: 'warn' },
        new Writable({
          write(line, _encoding, done) {
            lines.push(String(line))
            done()
          },
        }),
      )
      await using _api = await startApi({ ...init, log })
      return lines
    }
    const [line = '', ...more] = await warnings({ address: '0.0.0.0:0' })
    assert.match(line, /THE API IS OPEN.*LOCALAI_API_KEY.*--address 127\.0\.0\.1/)
    assert.deepEqual(more, [])
    assert.match((await warnings({ address: '0.0.0.0:0', access: { insecure: true } }))[0] ?? '', /manage/)
    assert.deepEqual(await warnings({ address: '127.0.0.1:0' }), [])
    assert.deepEqual(await warnings({ address: '0.0.0.0:0', apiKeys }), [])
  })
})
